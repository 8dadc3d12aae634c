using Anovos.Mlflow.Tracking;

namespace Anovos.Mlflow.PowerShell.Sessions;

/// <summary>
/// Values of the variables with which MLflow's own clients, and so Anovos, join a run. The variables belong to the
/// process: runspaces that start runs side by side see the last one's, and go by their own active run.
/// </summary>
internal sealed class RunEnvironment
{
    private static readonly string[] Names = ["MLFLOW_RUN_ID", "MLFLOW_TRACKING_URI", "MLFLOW_EXPERIMENT_ID"];

    private readonly string?[] _values;

    private RunEnvironment(params string?[] values) => _values = values;

    /// <summary>The values as they are.</summary>
    public static RunEnvironment Capture() => new([.. Names.Select(Environment.GetEnvironmentVariable)]);

    /// <summary>The values that name a run.</summary>
    public static RunEnvironment Of(Run run) => new(run.RunId, run.TrackingUri, run.ExperimentId);

    /// <summary>Sets the variables to these values; null unsets.</summary>
    public void Restore()
    {
        for (int i = 0; i < Names.Length; i++)
            Environment.SetEnvironmentVariable(Names[i], _values[i]);
    }
}
