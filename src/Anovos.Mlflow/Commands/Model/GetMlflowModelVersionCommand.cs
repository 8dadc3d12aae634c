using System.Management.Automation;
using Anovos.Mlflow.PowerShell.Abstractions;
using Anovos.Mlflow.PowerShell.Completion;
using Anovos.Mlflow.Registry;
using Anovos.Mlflow.Tracking;

namespace Anovos.Mlflow.PowerShell.Commands;

/// <summary>Gets versions of registered models by model, by run or by filter, newest first.</summary>
[Cmdlet(VerbsCommon.Get, "MlflowModelVersion", DefaultParameterSetName = "Name")]
[OutputType("Anovos.Mlflow.Tracking.ModelVersion")]
public sealed class GetMlflowModelVersionCommand : RegistryCommand
{
    private const int PageSize = 1000;

    /// <summary>The registered model's name.</summary>
    [Parameter(Position = 0, Mandatory = true, ParameterSetName = "Name", ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [Parameter(Position = 0, Mandatory = true, ParameterSetName = "Alias", ValueFromPipelineByPropertyName = true)]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(ModelNameCompleter))]
    public string Name { get; set; } = "";

    /// <summary>Version numbers; without them, all versions.</summary>
    [Parameter(Position = 1, ParameterSetName = "Name", ValueFromPipelineByPropertyName = true)]
    [ArgumentCompleter(typeof(ModelVersionCompleter))]
    public long[] Version { get; set; } = [];

    /// <summary>Gets only versions in this stage.</summary>
    [Parameter(ParameterSetName = "Name")]
    [ValidateSet("None", "Staging", "Production", "Archived")]
    public string? Stage { get; set; }

    /// <summary>An alias that points to the version.</summary>
    [Parameter(Mandatory = true, ParameterSetName = "Alias")]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(ModelAliasCompleter))]
    public string Alias { get; set; } = "";

    /// <summary>URIs of versions, such as <c>models:/income@champion</c>.</summary>
    [Parameter(Mandatory = true, ParameterSetName = "ModelUri")]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(ModelUriCompleter))]
    public string[] ModelUri { get; set; } = [];

    /// <summary>The run that the versions were registered from.</summary>
    [Parameter(Mandatory = true, ParameterSetName = "Run", ValueFromPipeline = true)]
    [ValidateNotNull]
    public Run Run { get; set; } = null!;

    /// <summary>A filter in MLflow's search syntax, such as <c>run_id = '…'</c> or <c>tags.checked = 'yes'</c>.</summary>
    [Parameter(Mandatory = true, ParameterSetName = "Filter")]
    [AllowNull]
    [AllowEmptyString]
    public string Filter { get; set; } = "";

    /// <summary>The maximum number of versions.</summary>
    [Parameter]
    [ValidateRange(1, int.MaxValue)]
    public int First { get; set; } = int.MaxValue;

    /// <inheritdoc/>
    protected override void Process()
    {
        if (ParameterSetName == "ModelUri")
        {
            ForEach(ModelUri, uri => WriteVersion(Registry.ModelUri.Parse(uri)));
            return;
        }

        ModelRegistry registry = ResolveRegistry();
        WarnIfMissing(registry.Store);
        string name = ResolveModelName(registry, Name);
        if (Stage is not null)
            Await(token => registry.ThrowIfWithoutStagesAsync(name, Stage, token));
        switch (ParameterSetName)
        {
            case "Alias":
                WriteObject(Await(token => registry.Aliases.GetAsync(name, Alias, token)));
                break;
            case "Name" when Version.Length > 0:
                ForEach(Version, number => WriteStaged(Await(token => registry.Versions.GetAsync(name, number, token))));
                break;
            case "Name":
                // For a missing model a search finds no versions; the caller should get an error.
                Await(token => registry.Models.GetAsync(name, token));
                Search(registry, ModelFilter.VersionsOfModel(name));
                break;
            case "Run":
                Search(registry, ModelFilter.VersionsOfRun(Run.RunId));
                break;
            default:
                Search(registry, Filter);
                break;
        }
    }

    private void WriteVersion(ModelUri uri)
    {
        var finder = new ModelFinder(ResolveRegistry(uri));
        WriteObject(Await(token => finder.FindVersionAsync(uri, token)));
    }

    private void WriteStaged(ModelVersion version)
    {
        if (IsInStage(version))
            WriteObject(version);
    }

    private bool IsInStage(ModelVersion version) => Stage is null || version.Stage.Equals(Stage, StringComparison.OrdinalIgnoreCase);

    private void Search(ModelRegistry registry, string filter) =>
        WritePages(page => registry.Versions.SearchAsync(filter, Stage is null ? Math.Min(First, PageSize) : PageSize, page.PageToken, page.Cancellation), IsInStage, First);
}
