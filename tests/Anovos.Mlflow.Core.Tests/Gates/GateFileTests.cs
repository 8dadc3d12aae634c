using System.Text.Json.Nodes;
using Anovos.Mlflow.Gates;
using Anovos.Mlflow.Tests.Checks;
using Anovos.Mlflow.Tests.Tracking;

namespace Anovos.Mlflow.Tests.Gates;

/// <summary>Files with rules, and their schema for editors.</summary>
public sealed class GateFileTests : IDisposable
{
    private const string All =
        """
        metrics:
          rmse: { max: median:5, tolerance: 5% }
          auc:
            min: models:/income@champion
            max: 1
            allowMissing: yes
          'a/b': { min: -1.5e+3, max: run:0123456789abcdef0123456789abcdef }
        maxDrifted: 0
        maxUnstable: 2
        maxDuration: 01:30:00
        requiredSteps: [drift_detector.drift_statistics]
        requiredArtifacts:
          - report_stats/drift_statistics.csv
        """;

    private readonly TemporaryFolder _folder = new();

    [Fact]
    public void A_file_has_every_rule()
    {
        GateRules rules = Read(All);
        Assert.Equal(["rmse", "auc", "a/b"], rules.Metrics.Select(rule => rule.Metric));
        Assert.Equal((5, "5%"), (rules.Metrics[0].Max!.MedianOf, rules.Metrics[0].Tolerance!.ToString()));
        MetricRule auc = rules.Metrics[1];
        Assert.Equal(("champion", 1, true), (auc.Min!.Model!.Alias, auc.Max!.Number, auc.AllowMissing));
        Assert.Equal((-1500, "0123456789abcdef0123456789abcdef"), (rules.Metrics[2].Min!.Number, rules.Metrics[2].Max!.RunId));
        Assert.Equal((0, 2, TimeSpan.FromMinutes(90)), (rules.MaxDrifted, rules.MaxUnstable, rules.MaxDuration));
        Assert.Equal(["drift_detector.drift_statistics"], rules.Steps);
        Assert.Equal(["report_stats/drift_statistics.csv"], rules.Artifacts);
    }

    [Theory]
    [InlineData("metric: {}", "1:1: The key 'metric' is unknown here. Valid keys: metrics, ")]
    [InlineData("metrics:\n  rmse: { max: 1, maximum: 2 }", "2:19: The key 'maximum' is unknown here.")]
    [InlineData("metrics:\n  rmse: { Max: 1 }", "2:11: The key 'Max' is unknown here.")]
    [InlineData("metrics:\n  rmse: 1", "2:9: This is the number 1, where a mapping is expected.")]
    [InlineData("metrics:\n  rmse: { tolerance: 1 }", "2:3: The rule for metric 'rmse' has neither max nor min.")]
    [InlineData("metrics:\n  rmse: { max: soon }", "2:16: 'soon' is not a bound.")]
    [InlineData("metrics:\n  rmse: { max: }", "2:16: This is null")]
    [InlineData("metrics:\n  rmse: { max: .nan }", "2:16: 'NaN' is not a bound.")]
    [InlineData("metrics:\n  rmse: { max: [1] }", "2:16: This is a list")]
    [InlineData("maxDrifted: -1", "1:13: This is the number -1")]
    [InlineData("maxDrifted: 1.5", "1:13: This is the number 1.5")]
    [InlineData("maxDrifted: none", "1:13: This is the text 'none'")]
    [InlineData("maxDuration: 90", "1:14: This is the number 90, where a time span is expected.")]
    [InlineData("requiredSteps: drift_detector", "1:16: This is the text 'drift_detector', where a list of names is expected.")]
    [InlineData("requiredSteps: []", "1:16: This is a list")]
    [InlineData("", "1:1: The file has no rules.")]
    [InlineData("- rmse", "1:1: The file has no rules.")]
    [InlineData("maxDrifted: 0\nmaxDrifted: 1", "2:1: ")]
    public void A_file_that_is_not_understood_is_refused_with_its_place(string yaml, string message)
    {
        MlflowException e = Assert.Throws<MlflowException>(() => Read(yaml));
        Assert.Equal(ErrorKind.ConfigInvalid, e.Kind);
        Assert.StartsWith($"{_folder.Below("gate.yaml")}:{message}", e.Message, StringComparison.Ordinal);

        // A time of day is a number to YAML 1.1, and YAML itself refuses a key twice.
        if (!yaml.StartsWith("maxDuration", StringComparison.Ordinal))
            Assert.NotEmpty(SchemaCheck.Alarms(yaml, SchemaPath));
    }

    [Fact]
    public void A_file_that_is_not_there_is_an_error() => Assert.Equal(
        ErrorKind.ConfigNotFound, Assert.Throws<MlflowException>(() => GateFile.Read(_folder.Below("nowhere.yaml"), default)).Kind);

    [Fact]
    public void The_schema_knows_the_same_keys_and_takes_the_same_file()
    {
        JsonNode schema = JsonNode.Parse(File.ReadAllText(SchemaPath))!;
        Assert.Equal(GateFile.Keys, schema["properties"]!.AsObject().Select(key => key.Key));
        Assert.Equal(MetricRule.Keys, schema["definitions"]!["metric"]!["properties"]!.AsObject().Select(key => key.Key));
        Assert.Equal([], SchemaCheck.Alarms(All, SchemaPath));
    }

    public void Dispose() => _folder.Dispose();

    private static string SchemaPath => Path.Combine(SharedMaterial.Repository()!, "module", "anovos-gate.schema.json");

    private GateRules Read(string yaml)
    {
        string path = _folder.Below("gate.yaml");
        File.WriteAllText(path, yaml);
        return GateFile.Read(path, default);
    }
}
