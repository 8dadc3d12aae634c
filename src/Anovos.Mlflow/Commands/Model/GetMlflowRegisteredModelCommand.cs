using System.Management.Automation;
using Anovos.Mlflow.PowerShell.Abstractions;
using Anovos.Mlflow.PowerShell.Completion;
using Anovos.Mlflow.Registry;
using Anovos.Mlflow.Tracking;

namespace Anovos.Mlflow.PowerShell.Commands;

/// <summary>Registered models by name, with wildcards; all of them without one.</summary>
[Cmdlet(VerbsCommon.Get, "MlflowRegisteredModel", DefaultParameterSetName = "Name")]
[OutputType("Anovos.Mlflow.Tracking.RegisteredModel")]
public sealed class GetMlflowRegisteredModelCommand : TrackingCommand
{
    private const int PageSize = 100;

    /// <summary>Names; wildcards are allowed.</summary>
    [Parameter(Position = 0, ParameterSetName = "Name", ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(ModelPatternCompleter))]
    public string[] Name { get; set; } = ["*"];

    /// <summary>A filter in MLflow's search syntax, as <c>name LIKE 'income%'</c> or <c>tags.team = 'ops'</c>.</summary>
    [Parameter(Mandatory = true, ParameterSetName = "Filter")]
    [AllowNull]
    [AllowEmptyString]
    public string? Filter { get; set; }

    /// <summary>How many models at the most.</summary>
    [Parameter]
    [ValidateRange(1, int.MaxValue)]
    public int First { get; set; } = int.MaxValue;

    /// <inheritdoc/>
    protected override void Process()
    {
        ModelRegistry registry = ResolveRegistry();
        WarnIfMissing(registry.Store);
        if (IsGiven(nameof(Name)))
            ForEach(Name, name => Write(registry, name));
        else
            Search(registry, filter: null);
    }

    private void Write(ModelRegistry registry, string name)
    {
        var pattern = new NamePattern(name);
        if (Await(token => registry.Models.FindAsync(pattern, token)) is { } exact)
            WriteObject(exact);
        else if (pattern.HasWildcards)
            Search(registry, model => pattern.Matches(model.Name));
        else
        {
            string message = $"There is no registered model '{name}' at {registry.TrackingUri}. Get-MlflowRegisteredModel lists those there are.";
            throw new MlflowException(ErrorKind.ModelNotFound, message) { Target = name };
        }
    }

    private void Search(ModelRegistry registry, Func<RegisteredModel, bool>? filter) =>
        WritePages(page => registry.Models.SearchAsync(Filter, filter is null ? Math.Min(First, PageSize) : PageSize, page.PageToken, page.Cancellation), filter, First);
}
