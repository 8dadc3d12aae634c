using Anovos.Mlflow.Workflow;

namespace Anovos.Mlflow.PowerShell.Commands;

/// <content>Configures the system metrics of the workflow.</content>
public sealed partial class InvokeAnovosWorkflowCommand
{
    // Null if system metrics are off.
    private SystemMetricOptions? SystemMetrics()
    {
        Func<string, string?> session = System.Environment.GetEnvironmentVariable;
        bool isGiven = MyInvocation.BoundParameters.ContainsKey(nameof(SystemMetric));
        bool isWanted = isGiven ? SystemMetric.IsPresent : SystemMetricOptions.IsEnabled(session);
        if (!isWanted)
            return null;
        Dictionary<string, string?> own = Variables();
        string? missing = IsJob ? SparkPlace.WhyMissingOfJob
            : SparkPlace.WhyMissing(ArgumentList, RunType, name => own.TryGetValue(name, out string? value) ? value : session(name));
        return SystemMetricOptions.Of(session) with { Missing = missing };
    }

    // MLflow in the program would write the same metrics to the same run.
    private Dictionary<string, string?> OwnSystemMetrics(Dictionary<string, string?> environment, SystemMetricOptions? options)
    {
        if (options is not null && !environment.ContainsKey(SystemMetricOptions.EnableVariable))
            environment[SystemMetricOptions.EnableVariable] = "false";
        return environment;
    }
}
