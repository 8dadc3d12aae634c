namespace Anovos.Mlflow.PowerShell.Abstractions;

/// <summary>What is done with values that are longer than MLflow keeps.</summary>
internal static class ValueLimits
{
    /// <summary>Whether they are cut, with a warning: <c>MLFLOW_TRUNCATE_LONG_VALUES</c>, by default true.</summary>
    public static bool Truncate =>
        !string.Equals(Environment.GetEnvironmentVariable("MLFLOW_TRUNCATE_LONG_VALUES"), "false", StringComparison.OrdinalIgnoreCase);
}
