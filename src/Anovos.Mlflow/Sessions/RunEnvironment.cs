using Anovos.Mlflow.Tracking;

namespace Anovos.Mlflow.PowerShell.Sessions;

/// <summary>
/// Sets the environment variables with which MLflow's own clients, and so Anovos, join a run. They are for child processes, and
/// identify the most recently started run that is still active in any session of this process. Sessions themselves read the values
/// from before the first start.
/// </summary>
internal static class RunEnvironment
{
    private const string RunId = "MLFLOW_RUN_ID";
    private const string TrackingUri = "MLFLOW_TRACKING_URI";
    private const string ExperimentId = "MLFLOW_EXPERIMENT_ID";

    private static readonly string[] Names = [RunId, TrackingUri, ExperimentId];

    // The active runs of all sessions, in the order of their start. Static because environment variables belong to the process.
    // Weak because a runspace that is dropped without being closed must not keep its runs active.
    private static readonly List<WeakReference<ActiveRun>> Started = [];

    // Empty while no run is active.
    private static readonly Dictionary<string, string?> Before = [];

    /// <summary>Returns the variable's value; while a run is active, the value from before the first start.</summary>
    /// <exception cref="MlflowException"><see cref="ErrorKind.InvalidValue"/> for an unresolved placeholder.</exception>
    public static string? Read(string name)
    {
        string? value = ReadAsIs(name);
        if (value is not null && name.StartsWith("MLFLOW_", StringComparison.Ordinal))
            Pasted.ThrowIfUnresolved(value, name);
        return value;
    }

    /// <summary>Returns the same, without checking the value.</summary>
    public static string? ReadAsIs(string name)
    {
        lock (Started)
            return Before.TryGetValue(name, out string? before) ? before : Environment.GetEnvironmentVariable(name);
    }

    /// <summary>Exports a run that starts.</summary>
    public static void Export(ActiveRun run)
    {
        lock (Started)
        {
            if (Before.Count == 0)
            {
                foreach (string name in Names)
                    Before[name] = Environment.GetEnvironmentVariable(name);
            }

            Started.Add(new WeakReference<ActiveRun>(run));
            Set(run.Run);
        }
    }

    /// <summary>Exports the most recently started of the other active runs, or restores the values from before the first start.</summary>
    public static void Withdraw(ActiveRun run)
    {
        lock (Started)
        {
            // Compare by identity: two sessions can resume the same run, and each of them stops its own.
            Started.RemoveAll(entry => !entry.TryGetTarget(out ActiveRun? other) || other == run);
            ActiveRun? last = null;
            foreach (WeakReference<ActiveRun> entry in Started)
                last = entry.TryGetTarget(out ActiveRun? active) ? active : last;
            if (last is not null)
            {
                Set(last.Run);
                return;
            }

            foreach (KeyValuePair<string, string?> variable in Before)
                Environment.SetEnvironmentVariable(variable.Key, variable.Value);
            Before.Clear();
        }
    }

    private static void Set(Run run)
    {
        Environment.SetEnvironmentVariable(RunId, run.RunId);
        Environment.SetEnvironmentVariable(TrackingUri, run.TrackingUri);
        Environment.SetEnvironmentVariable(ExperimentId, run.ExperimentId);
    }
}
