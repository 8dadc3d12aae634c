using Anovos.Mlflow.Configuration;
using Anovos.Mlflow.Tracking;

namespace Anovos.Mlflow.PowerShell.Sessions;

/// <summary>A run that was started in this session and has not ended, with its store and workflow.</summary>
internal sealed class ActiveRun(Run run, MlflowConnection connection, AnovosConfig? config)
{
    public Run Run { get; } = run;

    public MlflowConnection Connection { get; } = connection;

    public AnovosConfig? Config { get; } = config;
}
