using Anovos.Mlflow.Tracking;
using Anovos.Mlflow.Yaml;

namespace Anovos.Mlflow.Configuration;

/// <summary>The outputs of a workflow, derived only from its file. Nothing on the disk is read.</summary>
public sealed class AnovosPlan
{
    private AnovosPlan(string basePath, string? runId, IReadOnlyList<AnovosOutput> outputs)
    {
        BasePath = basePath;
        RunId = runId;
        Outputs = outputs;
    }

    /// <summary>The base of relative paths: the workflow's working directory.</summary>
    public string BasePath { get; }

    /// <summary>The run whose outputs are planned; null if it is unknown.</summary>
    public string? RunId { get; }

    /// <summary>
    /// A row for every output of a step, including steps that do not run. The final dataset comes last.
    /// </summary>
    public IReadOnlyList<AnovosOutput> Outputs { get; }

    /// <summary>Creates the plan of a workflow.</summary>
    /// <param name="config">The workflow.</param>
    /// <param name="basePath">The workflow's working directory.</param>
    /// <param name="runId">The run. When Anovos tracks, it creates a folder for the run in every output.</param>
    /// <exception cref="MlflowException"><see cref="ErrorKind.InvalidValue"/> for a run id that MLflow would reject.</exception>
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

    /// <summary>Creates the plan of a workflow that is still being read.</summary>
    internal static AnovosPlan Of(YamlMapping root, TrackingSettings? tracking, string basePath, string? runId)
    {
        var rows = new PlanRows(tracking, basePath, runId);
        new PlanSteps(root, rows, new PlanTargets(root, rows, basePath)).Walk();
        return new AnovosPlan(basePath, runId, rows.All);
    }
}
