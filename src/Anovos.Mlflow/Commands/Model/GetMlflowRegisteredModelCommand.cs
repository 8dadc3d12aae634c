using System.Management.Automation;
using Anovos.Mlflow.PowerShell.Abstractions;
using Anovos.Mlflow.PowerShell.Completion;
using Anovos.Mlflow.Registry;
using Anovos.Mlflow.Tracking;

namespace Anovos.Mlflow.PowerShell.Commands;

/// <summary>Gets registered models by name, with wildcards; without a name, gets all of them.</summary>
[Cmdlet(VerbsCommon.Get, "MlflowRegisteredModel", DefaultParameterSetName = "Name")]
[OutputType("Anovos.Mlflow.Tracking.RegisteredModel")]
public sealed class GetMlflowRegisteredModelCommand : RegistryCommand
{
    private const int PageSize = 100;

    /// <summary>Model names; wildcards are allowed.</summary>
    [Parameter(Position = 0, ParameterSetName = "Name", ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(ModelPatternCompleter))]
    public string[] Name { get; set; } = ["*"];

    /// <summary>A model, or a version of a model, from the pipeline. The model is looked up by its exact name, without wildcards.</summary>
    [Parameter(ParameterSetName = "Name", ValueFromPipeline = true)]
    [ValidateNotNull]
    public PSObject? InputObject { get; set; }

    /// <summary>A filter in MLflow's search syntax, such as <c>name LIKE 'income%'</c> or <c>tags.team = 'ops'</c>.</summary>
    [Parameter(Mandatory = true, ParameterSetName = "Filter")]
    [AllowNull]
    [AllowEmptyString]
    public string? Filter { get; set; }

    /// <summary>The maximum number of models.</summary>
    [Parameter]
    [ValidateRange(1, int.MaxValue)]
    public int First { get; set; } = int.MaxValue;

    /// <inheritdoc/>
    protected override void Process()
    {
        ModelRegistry registry = ResolveRegistry();
        WarnIfMissing(registry.Store);
        if (PipedObject(InputObject) is { } input)
            ForEach([input.Properties["Name"]?.Value?.ToString() ?? input.ToString()], name => Write(registry, NamePattern.Literal(name)));
        else if (IsGiven(nameof(Name)))
            ForEach(Name, name => Write(registry, new NamePattern(name)));
        else
            Search(registry, filter: null);
    }

    private void Write(ModelRegistry registry, NamePattern name)
    {
        if (Await(token => registry.Models.FindAsync(name, token)) is { } exact)
            WriteObject(exact);
        else if (name.HasWildcards)
            Search(registry, model => name.Matches(model.Name));
        else
        {
            string message = $"There is no registered model '{name}' at {registry.TrackingUri}. Get-MlflowRegisteredModel lists them.";
            throw new MlflowException(ErrorKind.ModelNotFound, message) { Target = name.ToString() };
        }
    }

    private void Search(ModelRegistry registry, Func<RegisteredModel, bool>? filter) =>
        WritePages(page => registry.Models.SearchAsync(Filter, filter is null ? Math.Min(First, PageSize) : PageSize, page.PageToken, page.Cancellation), filter, First);
}
