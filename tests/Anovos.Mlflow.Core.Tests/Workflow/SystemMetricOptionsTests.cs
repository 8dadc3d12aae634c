using Anovos.Mlflow.Workflow;

namespace Anovos.Mlflow.Tests.Workflow;

/// <summary>Tests that MLflow's variables for system metrics are read as MLflow reads them.</summary>
public sealed class SystemMetricOptionsTests
{
    private readonly Dictionary<string, string> _environment = [];

    [Theory]
    [InlineData(null, false)]
    [InlineData("", false)]
    [InlineData("true", true)]
    [InlineData("1", true)]
    [InlineData("False", false)]
    [InlineData("0", false)]
    public void A_variable_switches_them_on(string? value, bool isOn)
    {
        if (value is not null)
            _environment["MLFLOW_ENABLE_SYSTEM_METRICS_LOGGING"] = value;
        Assert.Equal(isOn, SystemMetricOptions.IsEnabled(Read));
    }

    [Theory]
    [InlineData(null, 10)]
    [InlineData("0", 10)]
    [InlineData("2.5", 2.5)]
    [InlineData("0.000001", 0.01)]
    [InlineData("86400", 86400)]
    public void The_interval_is_in_seconds(string? value, double seconds)
    {
        if (value is not null)
            _environment["MLFLOW_SYSTEM_METRICS_SAMPLING_INTERVAL"] = value;
        Assert.Equal(TimeSpan.FromSeconds(seconds), SystemMetricOptions.Of(Read).Interval);
    }

    [Theory]
    [InlineData(null, 1)]
    [InlineData("0", 1)]
    [InlineData("5", 5)]
    public void A_point_may_be_of_several_samples(string? value, int samples)
    {
        if (value is not null)
            _environment["MLFLOW_SYSTEM_METRICS_SAMPLES_BEFORE_LOGGING"] = value;
        Assert.Equal(samples, SystemMetricOptions.Of(Read).Samples);
    }

    [Theory]
    [InlineData("MLFLOW_SYSTEM_METRICS_SAMPLING_INTERVAL", "-1")]
    [InlineData("MLFLOW_SYSTEM_METRICS_SAMPLING_INTERVAL", "often")]
    [InlineData("MLFLOW_SYSTEM_METRICS_SAMPLING_INTERVAL", "inf")]
    [InlineData("MLFLOW_SYSTEM_METRICS_SAMPLES_BEFORE_LOGGING", "-1")]
    [InlineData("MLFLOW_SYSTEM_METRICS_SAMPLES_BEFORE_LOGGING", "2.5")]
    [InlineData("MLFLOW_ENABLE_SYSTEM_METRICS_LOGGING", "yes")]
    public void Other_values_are_errors_that_name_the_variable(string name, string value)
    {
        _environment[name] = value;
        MlflowException error = Assert.Throws<MlflowException>(
            () => SystemMetricOptions.IsEnabled(Read) ? null : SystemMetricOptions.Of(Read));
        Assert.Equal((ErrorKind.InvalidValue, name), (error.Kind, error.Target));
    }

    [Fact]
    public void A_machine_has_a_name_only_where_it_is_given_one()
    {
        Assert.Null(SystemMetricOptions.Of(Read).NodeId);
        _environment["MLFLOW_SYSTEM_METRICS_NODE_ID"] = "node_0";
        Assert.Equal("node_0", SystemMetricOptions.Of(Read).NodeId);
    }

    private string? Read(string name) => _environment.TryGetValue(name, out string? value) ? value : null;
}
