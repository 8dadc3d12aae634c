using System.Collections;
using System.Management.Automation;
using Anovos.Mlflow.PowerShell.Abstractions;
using Anovos.Mlflow.PowerShell.Completion;
using Anovos.Mlflow.PowerShell.Sessions;
using Anovos.Mlflow.Registry;
using Anovos.Mlflow.Tracking;

namespace Anovos.Mlflow.PowerShell.Commands;

/// <summary>
/// Registers a version of a model, from a folder of a run's artifacts or from a URI. Creates the registered model if it does not
/// exist.
/// </summary>
[Cmdlet(VerbsCommon.New, "MlflowModelVersion", SupportsShouldProcess = true, DefaultParameterSetName = "Artifact")]
[OutputType("Anovos.Mlflow.Tracking.ModelVersion")]
public sealed class NewMlflowModelVersionCommand : RunCommand
{
    /// <summary>The registered model's name.</summary>
    [Parameter(Position = 0, Mandatory = true)]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(ModelNameCompleter))]
    public string Name { get; set; } = "";

    /// <summary>The model's folder in the run's artifacts.</summary>
    [Parameter(Position = 1, Mandatory = true, ParameterSetName = "Artifact", ValueFromPipelineByPropertyName = true)]
    [ValidateNotNullOrEmpty]
    public string ArtifactPath { get; set; } = "";

    /// <summary>A URI: <c>runs:/…</c>, <c>models:/…</c>, or a location that the server accepts, such as <c>s3://…</c>.</summary>
    [Parameter(Mandatory = true, ParameterSetName = "ModelUri", ValueFromPipelineByPropertyName = true)]
    [ValidateNotNullOrEmpty]
    [Alias("Source")]
    [ArgumentCompleter(typeof(ModelUriCompleter))]
    public string ModelUri { get; set; } = "";

    /// <summary>The description of the version.</summary>
    [Parameter]
    public string? Description { get; set; }

    /// <summary>Tags of the version.</summary>
    [Parameter]
    public IDictionary? Tag { get; set; }

    /// <summary>Aliases to point to the new version.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string[] Alias { get; set; } = [];

    /// <summary>
    /// The registry to use: <c>databricks-uc</c> for Unity Catalog, <c>databricks</c> for the workspace's own registry, or the URI of a
    /// store.
    /// </summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? RegistryUri { get; set; }

    private protected override string? NamedRegistry => RegistryUri;

    /// <inheritdoc/>
    protected override void Process()
    {
        ModelRegistry registry;
        NewModelVersion version;
        if (ParameterSetName == "Artifact")
        {
            RunReference run = ResolveRun();
            registry = ResolveRegistry(run.Store);
            version = Await(token => new ModelFinder(ModelRegistry.Of(run.Store)).ResolveAsync(Name, $"runs:/{run.RunId}/{Artifacts.ArtifactPath.Normalize(ArtifactPath)}", token));
        }
        else
        {
            registry = Registry.ModelUri.IsOne(ModelUri) ? ResolveRegistry(Registry.ModelUri.Parse(ModelUri)) : ResolveRegistry();
            version = Await(token => new ModelFinder(registry).ResolveAsync(Name, ModelUri, token));
            version = version with { RunId = version.RunId ?? Run?.RunId ?? RunId };
        }

        version = version with { Description = Description, Tags = ToTags(Tag) };

        // Confirm both steps, so that -WhatIf shows both.
        bool isThere = Await(token => registry.Models.ExistsAsync(Name, token));
        string target = $"registered model '{Name}' at {registry.TrackingUri}";
        bool mayMakeModel = isThere || ShouldProcess(target, "Create");
        if (ShouldProcess(target, $"Register {version.Source}{(Alias.Length > 0 ? $" as {string.Join(", ", Alias)}" : "")}") && mayMakeModel)
            WriteObject(Await(token => registry.RegisterAsync(version, Alias, isThere, token)));
    }
}
