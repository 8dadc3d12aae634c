using Anovos.Mlflow.Configuration;
using Anovos.Mlflow.Tracking;
using Anovos.Mlflow.Workflow;

namespace Anovos.Mlflow.Pipelines;

/// <summary>Reports a running workflow to a pipeline: its progress, and its first warnings and errors.</summary>
/// <param name="pipeline">The pipeline.</param>
/// <param name="config">The workflow. Each step that writes output counts equally towards the progress.</param>
/// <param name="basePath">The workflow's working directory.</param>
public sealed class WorkflowProgress(AzurePipeline pipeline, AnovosConfig config, string basePath)
{
    // The page of a build shows ten issues of a kind, which must leave room for the module's own issues.
    private const int Issues = 5;

    // 100 is reserved for the end, when everything is reported.
    private const int Reported = 95;

    private readonly int _steps = AnovosPlan.Of(config, basePath).Outputs.Where(output => output.Path is not null).Select(output => output.Step).Distinct().Count();
    // These keys are shown on the page of the build and not sent to a store, so MLflow's own limits suffice.
    private readonly Timings _timings = new(StoreLimits.Mlflow);

    private int _warnings, _errors, _timed;

    /// <summary>Returns the lines for the pipeline that result from lines of the log.</summary>
    public IReadOnlyList<string> Of(IReadOnlyList<LogLine> lines)
    {
        List<string> told = [];
        foreach (LogLine line in lines)
        {
            if (_warnings < Issues || _errors < Issues)
                AddIssue(told, line);
            _timings.Read(line);
        }

        // The total arrives after all steps, and is not a step.
        IReadOnlyList<StepTiming> all = _timings.All;
        if (all.Count > _timed)
        {
            _timed = all.Count;
            int share = 100 * all.Count(step => Timings.IsStep(step.Key)) / Math.Max(1, Math.Max(_steps, all.Count));
            told.AddRange(pipeline.Progress(Math.Min(share, Reported), all[all.Count - 1].Key));
        }

        return told;
    }

    private void AddIssue(List<string> told, LogLine line)
    {
        // Spark logs a dozen warnings before the first step. Anovos continues after most errors; the error that stops it is reported later.
        if ((line.Severity == LogSeverity.Warning && !line.IsSpark && _warnings++ < Issues)
            || (line.Severity == LogSeverity.Error && _errors++ < Issues))
            told.AddRange(pipeline.Warn(line.ToDisplay()));
    }
}
