using Anovos.Mlflow.Artifacts;
using Anovos.Mlflow.Context;
using Anovos.Mlflow.Pipelines;
using Anovos.Mlflow.Tests.Databricks;
using Anovos.Mlflow.Tracking;
using Anovos.Mlflow.Workflow;

namespace Anovos.Mlflow.Tests.Pipelines;

/// <summary>Tests what a run gets from an Azure Pipelines build, and what the build gets from the run.</summary>
public sealed class AzurePipelineTests : IDisposable
{
    private const string Evil = "x\r\n##vso[task.complete result=Failed;]y ] ; 100% \u001b[31m";

    private readonly string _folder = Directory.CreateTempSubdirectory("anovos-mlflow-").FullName;
    private readonly Variables _variables;
    private readonly Run _run = new() { RunId = "0123456789abcdef0123456789abcdef", ExperimentId = "7", Experiment = "Flow", RunName = "nightly", TrackingUri = "http://mlflow:5000" };

    public AzurePipelineTests() => _variables = new Variables
    {
        ["TF_BUILD"] = "True",
        ["BUILD_BUILDID"] = "42",
        ["BUILD_BUILDNUMBER"] = "20261120.3",
        ["BUILD_DEFINITIONNAME"] = "Customers",
        ["BUILD_REPOSITORY_URI"] = "https://corp@dev.azure.com/corp/Data/_git/customers",
        ["BUILD_SOURCEVERSION"] = "9f8e7d6c5b4a39281706f5e4d3c2b1a098765432",
        ["BUILD_SOURCEBRANCH"] = "refs/heads/main",
        ["BUILD_REQUESTEDFOREMAIL"] = "ada@corp.example",
        ["SYSTEM_TEAMFOUNDATIONCOLLECTIONURI"] = "https://dev.azure.com/corp/",
        ["SYSTEM_TEAMPROJECT"] = "Data Science",
        ["AGENT_TEMPDIRECTORY"] = _folder,
    };

    private AzurePipeline Pipeline => AzurePipeline.Find(_variables.Read)!;

    [Theory]
    [InlineData(null, null, false)]
    [InlineData("", null, false)]
    [InlineData("False", null, false)]
    [InlineData("True", null, true)]
    [InlineData("true", "true", true)]
    [InlineData("True", "false", false)]
    [InlineData("True", "0", false)]
    public void It_is_a_pipeline_where_the_agent_says_so_and_nobody_says_otherwise(string? build, string? wanted, bool expected)
    {
        (_variables["TF_BUILD"], _variables["ANOVOS_MLFLOW_PIPELINE"]) = (build, wanted);
        Assert.Equal(expected, AzurePipeline.Find(_variables.Read) is not null);
    }

    [Fact]
    public void A_switch_that_is_neither_is_an_error_in_a_pipeline_and_unread_outside()
    {
        _variables["ANOVOS_MLFLOW_PIPELINE"] = "perhaps";
        Assert.Equal(ErrorKind.InvalidValue, Assert.Throws<MlflowException>(() => Pipeline).Kind);
        _variables["TF_BUILD"] = null;
        Assert.Null(Pipeline);
    }

    [Fact]
    public void A_run_is_tagged_with_its_build_and_its_note_links_there()
    {
        Dictionary<string, string> tags = TagsOf(new RunRequest { SourceDirectory = _folder }).ToDictionary(tag => tag.Key, tag => tag.Value);
        Assert.Equal(
            [
                ("branch", "refs/heads/main"), ("buildId", "42"), ("buildNumber", "20261120.3"),
                ("buildUrl", "https://dev.azure.com/corp/Data%20Science/_build/results?buildId=42"),
                ("commit", "9f8e7d6c5b4a39281706f5e4d3c2b1a098765432"), ("pipeline", "Customers"), ("project", "Data Science"),
                ("repository", "https://dev.azure.com/corp/Data/_git/customers"), ("requestedFor", "ada@corp.example"),
            ],
            tags.Where(tag => tag.Key.StartsWith("azure.pipelines.", StringComparison.Ordinal)).Select(tag => (tag.Key["azure.pipelines.".Length..], tag.Value)).Order());
        Assert.Equal("[Build 20261120.3 of Customers](https://dev.azure.com/corp/Data%20Science/_build/results?buildId=42)", tags["mlflow.note.content"]);
    }

    [Fact]
    public void A_note_of_the_user_wins_and_without_a_pipeline_there_is_none()
    {
        var request = new RunRequest { SourceDirectory = _folder, Tags = [new("mlflow.note.content", "mine")] };
        Assert.Equal("mine", TagsOf(request).Single(tag => tag.Key == "mlflow.note.content").Value);
        _variables["TF_BUILD"] = null;
        Assert.DoesNotContain(
            TagsOf(request with { Tags = [] }),
            tag => tag.Key.StartsWith("azure", StringComparison.Ordinal) || tag.Key == "mlflow.note.content");
    }

    [Fact]
    public void A_builds_variables_bring_no_secret_and_no_Markdown_into_the_run()
    {
        _variables["BUILD_REPOSITORY_URI"] = "https://ada:hush@git.corp/x?token=hunter2";
        _variables["BUILD_DEFINITIONNAME"] = "[a](javascript:b)<img>";
        _variables["BUILD_REQUESTEDFOREMAIL"] = null;
        _variables["BUILD_REQUESTEDFOR"] = "Ada";
        Dictionary<string, string> tags = PipelineBuild.Find(_variables.Read)!.TagsOf(StoreLimits.Mlflow)
            .ToDictionary(tag => tag.Key, tag => tag.Value);
        Assert.Equal(("https://git.corp/x?token=***", "Ada"), (tags["azure.pipelines.repository"], tags["azure.pipelines.requestedFor"]));
        Assert.StartsWith("[Build 20261120.3 of &#91;a&#93;(javascript&#58;b)&#60;img&#62;](https://dev.azure.com/", tags["mlflow.note.content"], StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Succeeded", "Finished")]
    [InlineData("SucceededWithIssues", "Finished")]
    [InlineData("Failed", "Failed")]
    [InlineData("Canceled", "Killed")]
    [InlineData("Skipped", null)]
    [InlineData(null, null)]
    public void A_run_ends_as_its_job_stands(string? job, string? expected)
    {
        _variables["AGENT_JOBSTATUS"] = job;
        Assert.Equal(expected, Pipeline.RunStatus);
    }

    [Fact]
    public void Later_tasks_get_the_run_in_variables() => Assert.Equal(
        [
            "##vso[task.setvariable variable=MLFLOW_RUN_ID]0123456789abcdef0123456789abcdef",
            "##vso[task.setvariable variable=MLFLOW_TRACKING_URI]http://mlflow:5000/a%AZP2520b",
            "##vso[task.setvariable variable=MLFLOW_EXPERIMENT_ID]7",
        ],
        Pipeline.Join(_run with { TrackingUri = "http://mlflow:5000/a%20b" }));

    [Theory]
    [InlineData("$(System.AccessToken)", "7")]
    [InlineData("abc", "7\n##vso[task.complete]")]
    [InlineData("abc", "")]
    public void An_id_that_is_none_reaches_no_script_of_a_later_task(string runId, string experimentId) =>
        Assert.Empty(Pipeline.Join(_run with { RunId = runId, ExperimentId = experimentId }));

    [Fact]
    public void Words_of_others_stay_inside_their_command()
    {
        Assert.Equal("##vso[task.logissue type=warning;]x␍␊# #vso[task.complete result=Failed;]y ] ; 100%AZP25 ␛[31m", Assert.Single(Pipeline.Warn(Evil)));
        Assert.Equal("##vso[task.logissue type=error;]password=*** in https://ada:***@host", Assert.Single(Pipeline.Fail("password=hunter2 in https://ada:hush@host")));
        Assert.Equal("##vso[task.setprogress value=5;]x␍␊# #vso[task.complete result=Failed;]y ] ; 100%AZP25 ␛[31m", Assert.Single(Pipeline.Progress(5, Evil)));
        Assert.Equal("##vso[task.setvariable variable=a%5D%3Bb]c%0Ad]", LoggingCommand.SetVariable("a];b", "c\nd]"));
        Assert.InRange(Assert.Single(Pipeline.Warn(new string('x', 100_000))).Length, 1000, 4096);
    }

    [Fact]
    public void Progress_is_told_where_it_is_news()
    {
        AzurePipeline pipeline = Pipeline;
        Assert.Equal(
            ["##vso[task.setprogress value=0;]a", "##vso[task.setprogress value=5;]a", "##vso[task.setprogress value=98;]a", "##vso[task.setprogress value=100;]a", "##vso[task.setprogress value=0;]b"],
            new[] { 0, 1, 4, 5, 6, 98, 99, 100, 100 }.SelectMany(percent => pipeline.Progress(percent, "a")).Concat(pipeline.Progress(0, "b")));
    }

    [Fact]
    public void A_summary_shows_status_flags_steps_and_artifacts()
    {
        var result = new WorkflowResult
        {
            Status = RunStatus.Failed,
            Fault = "The workflow ended with exit code 3.",
            Timings = [.. Enumerable.Range(1, 12).Select(i => new StepTiming($"time/step{i}", i)), new StepTiming("time/total", 201.44)],
            FlaggedAttributes = new Dictionary<string, IReadOnlyList<string>> { ["drift_statistics"] = ["age", "ifa"], ["stability_index"] = [] },
            Artifacts =
            [
                new ArtifactResult { ArtifactPath = "a", Status = ArtifactStatus.Sent }, new ArtifactResult { ArtifactPath = "b", Status = ArtifactStatus.Sent },
                new ArtifactResult { ArtifactPath = "report/c.html", Status = ArtifactStatus.Failed },
            ],
        };
        string[] lines = RunSummary.Of(result, _run, workspaceUrl: null).ToMarkdown().Split('\n');
        string page = "http://mlflow:5000/#/experiments/7/runs/0123456789abcdef0123456789abcdef?workflowType=machine_learning";
        Assert.Equal($"**Failed**: MLflow run [nightly]({page}) in experiment Flow", lines[0]);
        Assert.Contains("> The workflow ended with exit code 3.", lines);
        Assert.Contains("| drift&#95;statistics | age, ifa |", lines);
        Assert.Contains("| stability&#95;index | none |", lines);
        Assert.Equal(["| step12 | 12.0 |", "| step11 | 11.0 |"], lines.SkipWhile(line => line != "|---|---:|").Skip(1).Take(2));
        Assert.DoesNotContain("| step2 | 2.0 |", lines);
        Assert.Contains("| all | 201.4 |", lines);
        Assert.Contains("Sent: 2, Failed: 1", lines);
        Assert.Contains("Missing: report/c.html", lines);
    }

    [Fact]
    public void A_summary_of_a_run_that_is_read_back_has_what_the_store_has()
    {
        Run run = _run with
        {
            Status = RunStatus.Finished,
            TrackingUri = "databricks",
            Metrics = new Dictionary<string, double> { ["time/a/b"] = 1.25, ["time/total"] = 2, ["rmse"] = 3 },
            Tags = new Dictionary<string, string> { ["flagged/drift_statistics"] = "age, ifa", ["team"] = "x" },
        };
        string text = RunSummary.Of(run, "https://adb-1.azuredatabricks.net").ToMarkdown();
        Assert.Contains("[nightly](https://adb-1.azuredatabricks.net/ml/experiments/7/runs/0123456789abcdef0123456789abcdef)", text);
        Assert.Contains("| a/b | 1.3 |", text);
        Assert.Contains("| drift&#95;statistics | age, ifa |", text);
        Assert.DoesNotContain("rmse", text);
        Assert.DoesNotContain("Artifacts", text);
    }

    [Fact]
    public void A_name_in_a_summary_is_nothing_but_text()
    {
        string evil = $"|{Evil}](http://evil) <script> `a` https://evil _b_ password=hunter2";
        Run run = _run with { RunName = evil, Experiment = evil, TrackingUri = "file:///a", Metrics = new Dictionary<string, double> { ["time/" + evil] = 1 }, Tags = new Dictionary<string, string> { ["flagged/" + evil] = evil } };
        string text = RunSummary.Of(run, "https://adb-1.azuredatabricks.net").ToMarkdown();
        foreach (string structure in new[] { "##vso", "](", "<", "`", "://", "_b_", "hunter2", "\u001b", "\r" })
            Assert.DoesNotContain(structure, text, StringComparison.Ordinal);
        Assert.All(text.Split('\n').Where(line => line.StartsWith('|')), line => Assert.Equal(3, line.Count(c => c == '|')));
    }

    [Fact]
    public void The_summary_is_a_file_that_the_agent_cleans_up_and_a_nested_run_has_none()
    {
        string line = Assert.Single(Pipeline.Summarize(RunSummary.Of(_run, workspaceUrl: null)));
        const string Prefix = "##vso[task.uploadsummary]";
        Assert.StartsWith(Prefix + _folder, line, StringComparison.Ordinal);
        Assert.Equal(RunSummary.Of(_run, workspaceUrl: null).ToMarkdown(), File.ReadAllText(line[Prefix.Length..]));

        Assert.Empty(Pipeline.Summarize(RunSummary.Of(_run with { Tags = new Dictionary<string, string> { ["mlflow.parentRunId"] = "a" } }, workspaceUrl: null)));
        Assert.Empty(Pipeline.Summarize(RunSummary.Of(_run with { RunId = "../evil" }, workspaceUrl: null)));
        Assert.Single(Directory.GetFiles(_folder, "*", SearchOption.AllDirectories));
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private IReadOnlyList<Tag> TagsOf(RunRequest request) => RunContext.TagsOf(request, _variables.Read, StoreLimits.Mlflow);
}
