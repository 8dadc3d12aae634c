using Anovos.Mlflow.Configuration;
using Anovos.Mlflow.Tracking;
using Anovos.Mlflow.Workflow;

namespace Anovos.Mlflow.Pipelines;

/// <summary>What a pipeline is told of a workflow while it runs: how far it is, and the first of its warnings and errors.</summary>
/// <param name="pipeline">The pipeline.</param>
/// <param name="config">The workflow; each step that writes something is a share of it.</param>
/// <param name="basePath">The workflow's working directory.</param>
public sealed class WorkflowProgress(AzurePipeline pipeline, AnovosConfig config, string basePath)
{
    // The page of a build shows ten of a kind, and what the module itself says must be among them.
    private const int Issues = 5;

    // 100 is for the end, when all is reported.
    private const int Reported = 95;

    private readonly int _steps = AnovosPlan.Of(config, basePath).Outputs.Where(output => output.Path is not null).Select(output => output.Step).Distinct().Count();
    // The page of a build shows these keys and no store gets them: MLflow's own limits do.
    private readonly Timings _timings = new(StoreLimits.Mlflow);

    private int _warnings, _errors, _timed;

    /// <summary>The lines for the pipeline that follow from lines of the log.</summary>
    public IReadOnlyList<string> Of(IReadOnlyList<LogLine> lines)
    {
        List<string> told = [];
        foreach (LogLine line in lines)
        {
            if (_warnings < Issues || _errors < Issues)
                AddIssue(told, line);
            _timings.Read(line);
        }

        // The total comes when all steps are over; it is no step.
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
        // Spark warns a dozen times before the first step. Anovos goes on after most errors: what ends it is told at its end.
        if ((line.Severity == LogSeverity.Warning && !line.IsSpark && _warnings++ < Issues)
            || (line.Severity == LogSeverity.Error && _errors++ < Issues))
            told.AddRange(pipeline.Warn(line.ToDisplay()));
    }
}
