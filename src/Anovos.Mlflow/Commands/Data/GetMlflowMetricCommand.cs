using System.Management.Automation;
using Anovos.Mlflow.PowerShell.Abstractions;
using Anovos.Mlflow.PowerShell.Completion;
using Anovos.Mlflow.PowerShell.Errors;
using Anovos.Mlflow.PowerShell.Sessions;
using Anovos.Mlflow.Tracking;

namespace Anovos.Mlflow.PowerShell.Commands;

/// <summary>Gets the points of a run's metrics, page by page as the store returns them.</summary>
[Cmdlet(VerbsCommon.Get, "MlflowMetric")]
[OutputType("Anovos.Mlflow.Tracking.MetricPoint")]
public sealed class GetMlflowMetricCommand : RunCommand
{
    /// <summary>Metric names; wildcards are allowed.</summary>
    [Parameter(Position = 0)]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    [Alias("Key")]
    [ArgumentCompleter(typeof(MetricCompleter))]
    public string[] Name { get; set; } = ["*"];

    /// <inheritdoc/>
    protected override void Process()
    {
        RunReference reference = ResolveRun();
        Run run = Await(token => reference.Store.GetRunAsync(reference.RunId, token));
        string[] all = [.. run.Metrics.Keys.OrderBy(name => name, StringComparer.Ordinal)];
        IEnumerable<string> meant = IsGiven(nameof(Name)) ? Name.SelectMany(name => Find(run, all, name)) : all;
        foreach (string name in meant.Distinct(StringComparer.Ordinal))
        {
            WritePages(async page =>
            {
                Page<Metric> points = await reference.Store.GetMetricHistoryAsync(run.RunId, name, page.PageToken, page.Cancellation).ConfigureAwait(false);
                return new Page<MetricPoint>([.. points.Items.Select(point => MetricPoint.Of(point, run.RunId))], points.NextPageToken);
            });
        }
    }

    private IEnumerable<string> Find(Run run, string[] all, string name)
    {
        var pattern = new NamePattern(name);
        IReadOnlyList<string> found = pattern.Among(all);
        if (found.Count == 0 && !pattern.HasWildcards)
            WriteError(new MlflowException(ErrorKind.MetricNotFound, $"Run {run.RunId} has no metric '{name}'. {(all.Length == 0 ? "It has none." : $"It has {string.Join(", ", all.Take(10))}{(all.Length > 10 ? " …" : "")}.")}") { Target = name }.ToErrorRecord(name));
        return found;
    }
}
