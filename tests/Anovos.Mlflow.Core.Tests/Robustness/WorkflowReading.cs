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
            Assert.All(config.Warnings.Concat(config.Notes), AssertPlaced);
            return true;
        }
        catch (MlflowException failure) when (failure.Kind == ErrorKind.ConfigInvalid)
        {
            Assert.Contains("workflow.yaml", failure.Message);
            return false;
        }
    }

    // A reader finds the place, and learns what to do.
    private static void AssertPlaced(ConfigDiagnostic finding)
    {
        Assert.True(finding is { Line: >= 1, Column: >= 1, Message.Length: > 0 });
        Assert.EndsWith("workflow.yaml", finding.Path);
    }
}
