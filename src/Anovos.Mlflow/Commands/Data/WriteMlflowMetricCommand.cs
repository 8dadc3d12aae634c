using System.Collections;
using System.Management.Automation;
using Anovos.Mlflow.PowerShell.Abstractions;
using Anovos.Mlflow.Tracking;

namespace Anovos.Mlflow.PowerShell.Commands;

/// <summary>Writes metrics to a run, given as a name and a value, as a hashtable, or as objects with Name and Value.</summary>
[Cmdlet(VerbsCommunications.Write, "MlflowMetric", SupportsShouldProcess = true)]
[OutputType(typeof(void))]
public sealed class WriteMlflowMetricCommand : RunDataCommand
{
    /// <summary>The metric's name.</summary>
    [Parameter(Position = 0, Mandatory = true, ParameterSetName = "Value", ValueFromPipelineByPropertyName = true)]
    [Alias("Key")]
    public string Name { get; set; } = "";

    /// <summary>The value: a number, or its invariant text. NaN and the infinities are allowed.</summary>
    [Parameter(Position = 1, Mandatory = true, ParameterSetName = "Value", ValueFromPipelineByPropertyName = true)]
    [AllowNull]
    public object? Value { get; set; }

    /// <summary>Names and values, as a hashtable.</summary>
    [Parameter(Position = 0, Mandatory = true, ParameterSetName = "Table", ValueFromPipeline = true)]
    [ValidateNotNull]
    public IDictionary Metric { get; set; } = null!;

    /// <summary>The step of the values.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    public long Step { get; set; }

    /// <summary>The time of the measurement: a date, Unix seconds or Unix milliseconds; without it, now.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [Time]
    public DateTime? Timestamp { get; set; }

    /// <inheritdoc/>
    protected override void Process()
    {
        long timestamp = (Timestamp is { } time ? new DateTimeOffset(time) : DateTimeOffset.UtcNow).ToUnixTimeMilliseconds();
        ForEachPair(ParameterSetName == "Table" ? Metric : null, Name, Value, (key, value) =>
        {
            if (ValueText.ListOf(value) is { } series)
                AddSeries(key, series, timestamp);
            else
                AddPoint(key, value, timestamp, Step);
        });
    }

    private void AddSeries(string key, IEnumerable series, long timestamp)
    {
        long step = Step;
        foreach (object? value in series)
        {
            if (value is double number)
                Add(new Metric(key, number, timestamp, step));
            else
                TryPoint(key, value, timestamp, step);
            step++;
        }
    }

    // A value that is not a number does not stop the other values.
    private void TryPoint(string key, object? value, long timestamp, long step) =>
        Try(key, value, (_, item) => AddPoint(key, item, timestamp, step));

    private void AddPoint(string key, object? value, long timestamp, long step) =>
        Add(new Metric(key, ValueText.NumberOf(key, value), timestamp, step));
}
