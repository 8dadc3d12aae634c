using Anovos.Mlflow.Tracking;
using Anovos.Mlflow.Yaml;

namespace Anovos.Mlflow.Configuration;

/// <summary>What a workflow writes, worked out from its file alone: nothing on the disk is looked at.</summary>
public sealed class AnovosPlan
{
    private AnovosPlan(string basePath, string? runId, IReadOnlyList<AnovosOutput> outputs)
    {
        BasePath = basePath;
        RunId = runId;
        Outputs = outputs;
    }

    /// <summary>The folder that relative paths start from: the workflow's working directory.</summary>
    public string BasePath { get; }

    /// <summary>The run whose outputs are planned; null when it is not known.</summary>
    public string? RunId { get; }

    /// <summary>
    /// A row for everything that a step writes or would write, steps that do not run among them; the final dataset comes last.
    /// </summary>
    public IReadOnlyList<AnovosOutput> Outputs { get; }

    /// <summary>The plan of a workflow.</summary>
    /// <param name="config">The workflow.</param>
    /// <param name="basePath">The workflow's working directory.</param>
    /// <param name="runId">The run; Anovos gives it a folder of its own in every output when it tracks itself.</param>
    /// <exception cref="MlflowException"><see cref="ErrorKind.InvalidValue"/> for a run id that MLflow would not take.</exception>
    public static AnovosPlan Of(AnovosConfig config, string basePath, string? runId = null)
    {
        if (runId is not null && !Run.IsRunId(runId))
        {
            throw new MlflowException(ErrorKind.InvalidValue,
                $"'{runId}' is not a run id. Give the id that MLflow shows for the run.")
            { Target = runId };
        }

        return Of(config.Root, config.Tracking, ConfigFile.FullPath(basePath), runId);
    }

    /// <summary>The plan of a workflow that is still being read.</summary>
    internal static AnovosPlan Of(YamlMapping root, TrackingSettings? tracking, string basePath, string? runId)
    {
        var rows = new PlanRows(tracking, basePath, runId);
        new PlanSteps(root, rows, new PlanTargets(root, rows, basePath)).Walk();
        return new AnovosPlan(basePath, runId, rows.All);
    }
}
