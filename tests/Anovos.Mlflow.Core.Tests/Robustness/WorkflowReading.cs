using Anovos.Mlflow.Configuration;

namespace Anovos.Mlflow.Tests.Robustness;

/// <summary>Reads what may or may not be a workflow, all the way to the plan.</summary>
internal static class WorkflowReading
{
    /// <summary>Whether it is one. Any failure but that of an invalid configuration comes through.</summary>
    public static bool Read(byte[] bytes)
    {
        try
        {
            AnovosConfig config = AnovosConfig.Parse(bytes, "workflow.yaml");
            AnovosPlan.Of(config, Path.GetTempPath());
            return true;
        }
        catch (MlflowException failure) when (failure.Kind == ErrorKind.ConfigInvalid)
        {
            return false;
        }
    }
}
