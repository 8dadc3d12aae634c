using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Anovos.Mlflow.Reports;
using Anovos.Mlflow.Tracking;
using Anovos.Mlflow.Workflow;

namespace Anovos.Mlflow.Tests.Reports;

/// <summary>System metrics have a part of their own in a report, and in the summary of a run.</summary>
public sealed class SystemMetricReportTests : IDisposable
{
    private const string Missing =
        "Spark runs with the master yarn: the system metrics do not include the resources that its executors use on other machines.";

    private readonly ReportFixture _fixture = new();

    public void Dispose() => _fixture.Dispose();

    [Fact]
    public async Task They_are_curves_by_time_and_rows_of_their_own()
    {
        JsonNode data = await ReadAsync(await AddAsync("one", missing: true));
        JsonNode chart = data["charts"]!.AsArray().Single(chart => chart!["key"]!.GetValue<string>() == "system/workflow/cpu_seconds")!;
        Assert.True(chart["byTime"]!.GetValue<bool>());
        Assert.Equal([0, 1, 2], chart["series"]![0]!["x"]!.AsArray().Select(x => x!.GetValue<double>()));
        Assert.False(data["charts"]!.AsArray().Single(chart => chart!["key"]!.GetValue<string>() == "loss")!["byTime"]!.GetValue<bool>());
        Assert.Equal(["workflow/cpu_seconds", "workflow/memory_peak_megabytes"], Keys(data["system"]!));
        Assert.Equal(["loss"], Keys(data["metrics"]!));
        Assert.Equal(Missing, data["runs"]![0]!["systemMissing"]!.GetValue<string>());
        Assert.Empty(Keys(data["tags"]!));
    }

    [Fact]
    public async Task They_take_no_place_of_other_metrics()
    {
        Metric[] many = Lines("train/m", ReportReader.MostCurves), system = Lines("system/m", 16);
        JsonNode data = await ReadAsync(await _fixture.AddRunAsync("one", new RunData { Metrics = [.. many, .. system] }));
        Assert.Equal((ReportReader.MostCurves + 16, 0), (data["charts"]!.AsArray().Count, data["notDrawn"]!.GetValue<int>()));
    }

    [Fact]
    public async Task A_summary_has_the_cost_and_what_is_missing()
    {
        Run run = await AddAsync("one", missing: true);
        Assert.Contains("It used 4.0 s of CPU time and at most 250 MB of memory. Spark runs with the master yarn", Summary(run));
        Assert.Contains("It used 4.0 s", Summary(await AddAsync("two", missing: false)));
        Assert.DoesNotContain("It used", Summary(await _fixture.AddRunAsync("three", new RunData())));
        Run none = await _fixture.AddRunAsync("four", new RunData { Tags = [new(SystemMetricOptions.MissingTag, Missing)] });
        Assert.Contains("the resources that its executors use on other machines.", Summary(none));
    }

    private static Metric[] Lines(string prefix, int count) =>
        [.. Enumerable.Range(0, count).SelectMany(i => ReportFixture.Line($"{prefix}{i:00}", 2, step => step))];

    private static string Summary(Run run) => RunSummary.Of(run, workspaceUrl: null).ToMarkdown();

    private static IEnumerable<string> Keys(JsonNode rows) => rows.AsArray().Select(row => row!["key"]!.GetValue<string>());

    private Task<Run> AddAsync(string name, bool missing) => _fixture.AddRunAsync(name, new RunData
    {
        Metrics =
        [
            .. ReportFixture.Line("loss", 3, step => step),
            .. ReportFixture.Line("system/workflow/cpu_seconds", 3, step => 2 * step),
            .. ReportFixture.Line("system/workflow/memory_peak_megabytes", 3, _ => 250),
        ],
        Tags = missing ? [new Tag(SystemMetricOptions.MissingTag, Missing)] : [],
    });

    private async Task<JsonNode> ReadAsync(params Run[] runs)
    {
        string page = ReportFixture.ToText(await _fixture.ReadAsync(null, runs));
        Match data = Regex.Match(page, "<script id=\"data\" type=\"application/json\">(.*?)</script>", RegexOptions.Singleline);
        return JsonNode.Parse(data.Groups[1].Value)!;
    }
}
