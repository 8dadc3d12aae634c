using System.Diagnostics;
using System.Globalization;
using Anovos.Mlflow.Tracking;

namespace Anovos.Mlflow.PowerShell.Sessions;

/// <summary>
/// The variables with which MLflow's own clients, and so Anovos, join a run. They are for child processes. Since they
/// belong to the whole process, other sessions in it read what was there before: a run is not theirs.
/// </summary>
internal static class RunEnvironment
{
    private const string RunId = "MLFLOW_RUN_ID";
    private const string TrackingUri = "MLFLOW_TRACKING_URI";
    private const string ExperimentId = "MLFLOW_EXPERIMENT_ID";

    // Says which process exported; a child inherits it and has another id.
    private const string Exporter = "ANOVOS_MLFLOW_EXPORTER";
    private const string BeforePrefix = "ANOVOS_MLFLOW_BEFORE_";

    private static readonly string[] Names = [RunId, TrackingUri, ExperimentId];

    private static string Self
    {
        get
        {
            using Process process = Process.GetCurrentProcess();
            return process.Id.ToString(CultureInfo.InvariantCulture);
        }
    }

    private static bool IsExported => Environment.GetEnvironmentVariable(Exporter) == Self;

    /// <summary>The variable as this process was given it.</summary>
    public static string? Read(string name) =>
        Environment.GetEnvironmentVariable(Names.Contains(name) && IsExported ? BeforePrefix + name : name);

    /// <summary>Names the run to child processes.</summary>
    public static void Export(Run run)
    {
        if (!IsExported)
        {
            foreach (string name in Names)
                Environment.SetEnvironmentVariable(BeforePrefix + name, Environment.GetEnvironmentVariable(name));
            Environment.SetEnvironmentVariable(Exporter, Self);
        }

        Environment.SetEnvironmentVariable(RunId, run.RunId);
        Environment.SetEnvironmentVariable(TrackingUri, run.TrackingUri);
        Environment.SetEnvironmentVariable(ExperimentId, run.ExperimentId);
    }

    /// <summary>Names the outer run instead, or puts back what was there; leaves alone what another session exported since.</summary>
    public static void Withdraw(Run run, Run? outer)
    {
        if (!IsExported || Environment.GetEnvironmentVariable(RunId) != run.RunId)
            return;
        if (outer is not null)
        {
            Export(outer);
            return;
        }

        foreach (string name in Names)
        {
            Environment.SetEnvironmentVariable(name, Environment.GetEnvironmentVariable(BeforePrefix + name));
            Environment.SetEnvironmentVariable(BeforePrefix + name, null);
        }

        Environment.SetEnvironmentVariable(Exporter, null);
    }
}
