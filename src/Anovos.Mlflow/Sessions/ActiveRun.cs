using Anovos.Mlflow.Configuration;
using Anovos.Mlflow.Tracking;

namespace Anovos.Mlflow.PowerShell.Sessions;

/// <summary>A run that was started here and has not ended, with the store and the workflow it belongs to.</summary>
internal sealed class ActiveRun(Run run, MlflowConnection connection, AnovosConfig? config)
{
    public Run Run { get; } = run;

    public MlflowConnection Connection { get; } = connection;

    public AnovosConfig? Config { get; } = config;
}
