using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Anovos.Mlflow.Reports;
using Anovos.Mlflow.Tracking;

namespace Anovos.Mlflow.Tests.Reports;

public sealed partial class RunReportTests : IDisposable
{
    private readonly ReportFixture _fixture = new();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Runs_stand_side_by_side_from_the_one_that_started_first()
    {
        Run one = await AddAsync("one", 1), two = await AddAsync("two", 2);
        JsonNode data = Data(await _fixture.ReadAsync(null, two, one, two));
        Assert.Equal(["one", "two"], data["runs"]!.AsArray().Select(run => run!["name"]!.GetValue<string>()));
        Assert.Equal(["Finished", "Finished"], data["runs"]!.AsArray().Select(run => run!["status"]!.GetValue<string>()));
        Assert.Equal(61.5, data["runs"]![0]!["seconds"]!.GetValue<double>());
        Assert.Equal("lr False 1,2; seed2 True 3,3", Rows(data["params"]!), ignoreCase: true);
    }

    [Fact]
    public async Task Times_flags_and_histories_have_sections_of_their_own()
    {
        JsonNode data = Data(await _fixture.ReadAsync(null, await AddAsync("one", 1)));
        Assert.Equal("b/c true 9; a true 4", Rows(data["steps"]!));
        Assert.Equal(20, data["total"]!["values"]![0]!.GetValue<double>());
        Assert.Equal("loss true 2; odd true NaN", Rows(data["metrics"]!));
        Assert.Equal("loss", Assert.Single(data["charts"]!.AsArray())!["key"]!.GetValue<string>());
        Assert.Equal("drift_statistics", Assert.Single(data["drift"]!.AsArray())!["name"]!.GetValue<string>());
        Assert.DoesNotContain("flagged/", Rows(data["tags"]!));
    }

    [Fact]
    public async Task A_metric_that_is_named_is_drawn_whatever_it_is()
    {
        Run run = await _fixture.AddRunAsync("one", new RunData { Metrics = [.. ReportFixture.Line("time/a", 3, step => step), .. ReportFixture.Line("loss", 3, step => step)] });
        JsonNode data = Data(await _fixture.ReadAsync(new ReportOptions { Draws = key => key.StartsWith("time/", StringComparison.Ordinal) }, run));
        Assert.Equal("time/a", Assert.Single(data["charts"]!.AsArray())!["key"]!.GetValue<string>());
    }

    [Fact]
    public async Task So_many_metrics_are_drawn_and_the_rest_is_counted()
    {
        Run run = await _fixture.AddRunAsync("one", new RunData { Metrics = [.. Enumerable.Range(0, ReportReader.MostCurves + 5).SelectMany(i => ReportFixture.Line($"m{i:00}", 2, step => step))] });
        JsonNode data = Data(await _fixture.ReadAsync(null, run));
        Assert.Equal((ReportReader.MostCurves, 5), (data["charts"]!.AsArray().Count, data["notDrawn"]!.GetValue<int>()));
    }

    [Fact]
    public async Task Reports_are_copied_up_to_a_length_and_files_listed()
    {
        Run run = await _fixture.AddRunAsync("one", new RunData(), RunStatus.Finished, ("d/small.html", "<p>hi</p>"), ("d/large.html", new string('x', 2000)), ("e.csv", "1"));
        JsonNode data = Data(await _fixture.ReadAsync(new ReportOptions { MaximumLength = 1000 }, run))["runs"]![0]!;
        Assert.Equal(["d/large.html", "d/small.html", "e.csv"], data["files"]!.AsArray().Select(file => file!["path"]!.GetValue<string>()));
        Assert.Null(data["reports"]![0]!["copy"]);
        Assert.Contains("larger", data["reports"]![0]!["whyNot"]!.GetValue<string>());
        Assert.NotNull(data["reports"]![1]!["copy"]);
    }

    [Fact]
    public async Task Artifacts_that_cannot_be_read_are_a_warning_and_the_rest_is_there()
    {
        Run run = await AddAsync("one", 1);
        var source = new ReportSource(run, _fixture.Store, _ => throw new MlflowException(ErrorKind.PermissionDenied, "no right to read the bucket"));
        RunReport report = await RunReport.ReadAsync([source], new ReportOptions(), (_, _) => { }, Cancellation);
        Assert.Contains("no right to read the bucket", Assert.Single(report.Warnings));
        Assert.NotEmpty(Data(report)["charts"]!.AsArray());
    }

    [Fact]
    public async Task Reading_ends_when_it_is_to_end()
    {
        Run run = await AddAsync("one", 1);
        using var stop = new CancellationTokenSource();
        var source = new ReportSource(run, _fixture.Store, async token =>
        {
            stop.Cancel();
            await Task.Delay(Timeout.Infinite, token);
            return null!;
        });
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => RunReport.ReadAsync([source], new ReportOptions(), (_, _) => { }, stop.Token));
    }

    [Fact]
    public async Task The_same_runs_give_the_same_file_which_holds_nothing_that_html_acts_upon()
    {
        const string Evil = "</script><!--\u2028<script>";
        Run run = await _fixture.AddRunAsync("a", new RunData { Params = [new("p", Evil)] }, RunStatus.Finished, ("x.html", "<p>x</p>"));
        string text = ReportFixture.ToText(await _fixture.ReadAsync(null, run));
        Assert.Equal(text, ReportFixture.ToText(await _fixture.ReadAsync(null, run)));
        Assert.Equal(Evil, Data(text)["params"]![0]!["values"]![0]!.GetValue<string>());
        Assert.Equal(3, Regex.Count(text, "</script>"));
        Assert.DoesNotContain("\u2028", text);
        Assert.Matches("default-src 'none'; script-src 'sha256-[^']+' 'sha256-[^']+'; style-src 'unsafe-inline'; img-src data:", text);
    }

    [Fact]
    public async Task Without_frames_styles_have_a_hash_too() =>
        Assert.Matches("style-src 'sha256-[^']+'; img-src data:", ReportFixture.ToText(await _fixture.ReadAsync(null, await AddAsync("one", 1))));

    [Fact]
    public async Task A_file_is_replaced_as_a_whole_and_nothing_is_left_beside_it()
    {
        string path = Path.Combine(_fixture.Folder, "new", "report.html");
        RunReport report = await _fixture.ReadAsync(null, await AddAsync("one", 1));
        Assert.Throws<DirectoryNotFoundException>(() => report.Save(path));
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        await File.WriteAllTextAsync(path, "old", Cancellation);
        report.Save(path);
        Assert.Equal(path, Assert.Single(Directory.GetFileSystemEntries(Path.GetDirectoryName(path)!)));
        Assert.StartsWith("<!DOCTYPE html>", await File.ReadAllTextAsync(path, Cancellation));
    }

    public void Dispose() => _fixture.Dispose();

    private static JsonNode Data(RunReport report) => Data(ReportFixture.ToText(report));

    private static JsonNode Data(string page) => JsonNode.Parse(Regex.Match(page, "<script id=\"data\" type=\"application/json\">(.*?)</script>", RegexOptions.Singleline).Groups[1].Value)!;

    private static string Rows(JsonNode rows) => string.Join("; ", rows.AsArray().Select(row => $"{row!["key"]} {row["equal"]} {string.Join(",", row["values"]!.AsArray())}"));

    private Task<Run> AddAsync(string name, int factor) => _fixture.AddRunAsync(name, new RunData
    {
        Params = [new("lr", $"{factor}"), new("seed2", "3")],
        Metrics =
        [
            .. ReportFixture.Line("loss", 3, step => step * factor), new("odd", double.NaN, 1),
            new("time/a", 4, 1), new("time/b/c", 9, 1), new("time/total", 20, 1),
            new("drift_statistics/age/flagged", 1, 1), new("flagged/drift_statistics", 1, 1),
        ],
        Tags = [new("flagged/drift_statistics", "age")],
    });
}
