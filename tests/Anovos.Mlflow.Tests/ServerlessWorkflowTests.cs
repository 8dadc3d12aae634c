using System.Management.Automation;
using System.Text.Json;
using Anovos.Mlflow.TestServer;

namespace Anovos.Mlflow.Tests;

/// <summary>Tests a workflow on serverless compute, and from a Git repository.</summary>
public sealed class ServerlessWorkflowTests : JobTests
{
    private const string Five =
        "-ServerlessEnvironment @{ environment_version = '5'; dependencies = @('anovos==1.1.0', '/Volumes/main/tools/extra.whl') }";
    private const string Git =
        "-GitSource @{ git_url = 'https://github.com/example/anovos-jobs'; git_provider = 'gitHub'; git_branch = 'main' }";

    private static string Invoke(string rest) => $"Invoke-AnovosWorkflow -SkipCheck -Config $Workflow {rest}; \"code $LASTEXITCODE\"";

    [Fact]
    public async Task A_serverless_job_joins_the_run_by_environment_variables_and_is_followed_to_its_end()
    {
        (string, string)[] phases = [("QUEUED", "Queued due to reaching maximum concurrent runs."), ("PENDING", ""), ("RUNNING", "In run")];
        await StartAsync(new() { Job = new() { Phases = phases, Logs = Log } });
        ScriptResult result = Run(Invoke($"/Shared/anovos/main.py {Five} -Environment @{{ EXTRA = 1.5 }} -Timeout 600")).Clean();

        Assert.Equal(("FINISHED", "code 0", 3.4107), (Stored.Status, result.Texts[^1], Metric("time/stats_generator/global_summary")));
        Assert.All(Computes, field => Assert.False(Job.Task.TryGetProperty(field, out _)));
        Assert.False(Stored.Tags.ContainsKey("mlflow.databricks.cluster.id"));
        JsonElement environment = Job.Request.GetProperty("environments")[0], entry = Job.Request.GetProperty("environment_variables")[0];
        Assert.Equal(environment.GetProperty("environment_key").GetString(), Job.Task.GetProperty("environment_key").GetString());
        Assert.Equal(
            ("5", 2),
            (environment.GetProperty("spec").GetProperty("environment_version").GetString(),
            environment.GetProperty("spec").GetProperty("dependencies").GetArrayLength()));
        Assert.Equal(
            entry.GetProperty("environment_variables_key").GetString(), Job.Task.GetProperty("environment_variables_key").GetString());
        JsonElement variables = entry.GetProperty("spec").GetProperty("variables");
        Assert.Equal(
            (Stored.RunId, Stored.ExperimentId, "databricks", "1.5"),
            (Text("MLFLOW_RUN_ID"), Text("MLFLOW_EXPERIMENT_ID"), Text("MLFLOW_TRACKING_URI"), Text("EXTRA")));
        Assert.Equal(
            ("/Shared/anovos/main.py", Stored.RunId),
            (Job.Task.GetProperty("spark_python_task").GetProperty("python_file").GetString(),
            Job.Request.GetProperty("idempotency_token").GetString()));
        Assert.Contains("QUEUED (ACTIVE_RUNS_LIMIT_REACHED), Queued due to", LogOf(Stored));
        Assert.Empty(Server.Workspace!.Files);
        Assert.All(Server.Requests, request => Assert.DoesNotContain("dapi-personal", request.BodyText));

        string? Text(string name) => variables.GetProperty(name).GetString();
    }

    [Theory]
    [InlineData("@{ environment_version = '4' }", PreviewKind.Enabled, "")]
    [InlineData("@{ client = '2' }", PreviewKind.Enabled, "")]
    [InlineData("@{ base_environment = '/Workspace/Shared/env.yaml' }", PreviewKind.Enabled, "")]
    [InlineData("@{ environment_version = '5' }", PreviewKind.Refused, "")]
    [InlineData("@{ environment_version = '5' }", PreviewKind.Ignored, "")]
    [InlineData("@{ environment_version = '5' }", PreviewKind.Enabled, "; LONG = 'x' * 513")]
    [InlineData("@{ environment_version = '5' }", PreviewKind.Enabled, "; 'a.b' = 1")]
    public async Task Without_environment_variables_a_launcher_reads_them_from_an_argument(
        string environment, PreviewKind preview, string more)
    {
        Assert.SkipWhen(InvokeWorkflowTests.Python is null, "there is no python3 in PATH");
        await StartAsync(new() { ServerlessVariables = preview });
        Run(Invoke($"/Shared/anovos/main.py '--show' 'a b' -ServerlessEnvironment {environment} -Environment @{{ EXTRA = 'ä'{more} }}"))
            .Clean();
        SubmittedJob job = Server.Workspace!.Jobs[^1];
        Assert.Equal("FINISHED", Stored.Status);
        Assert.Equal(preview == PreviewKind.Ignored ? 2 : 1, Server.Workspace.Jobs.Count);
        Assert.Equal(preview == PreviewKind.Ignored, Server.Workspace.Jobs[0].IsCancelled);
        Assert.False(job.Task.TryGetProperty("environment_variables_key", out _));

        Assert.All(job.Parameters, parameter => Assert.True(parameter.All(sign => sign < 128), parameter));
        (string output, string errors) = await RunLauncherAsync(job);
        Assert.True(output.Contains($"MLFLOW_RUN_ID {Stored.RunId}", StringComparison.Ordinal), errors);
        Assert.Contains("a b", output);
    }

    [Fact]
    public async Task A_Git_repository_has_the_file()
    {
        await StartAsync(new());
        Run(Invoke($"src/main.py {Git} {Five}")).Clean();
        JsonElement program = Job.Task.GetProperty("spark_python_task");
        Assert.Equal(
            ("src/main.py", "GIT", "main"),
            (program.GetProperty("python_file").GetString(), program.GetProperty("source").GetString(),
            Job.Request.GetProperty("git_source").GetProperty("git_branch").GetString()));
        Assert.Equal("FINISHED", Stored.Status);
    }

    [Theory]
    [InlineData("src/main.py " + Git + " -ClusterId 0923-164208-meows279", "Git repository cannot receive environment variables", 0)]
    [InlineData("src/main.py " + Git + " -ServerlessEnvironment @{ environment_version = '4' }", "environment_version 5", 0)]
    [InlineData("/Shared/main.py " + Git + " " + Five, "relative path", 0)]
    [InlineData("s3://bucket/main.py -ServerlessEnvironment @{ environment_version = '4' }", "on serverless compute", 0)]
    [InlineData("/Shared/main.py -ServerlessEnvironment ./broken.json", "JSON", 0)]
    [InlineData("/Shared/main.py -ServerlessEnvironment @{ dependencies = @('anovos') }", "environment_version and base_environment", 1)]
    [InlineData("main.py -GitSource @{ git_url = 'https://x.example/y'; git_branch = 'main' } " + Five, "git_provider must be one of", 1)]
    public async Task What_cannot_work_is_said(string rest, string said, int runs)
    {
        await StartAsync(new());
        Session.Write("broken.json", "{ environment_version");
        ErrorRecord error = Assert.Single(Run(Invoke($"{rest} -Environment @{{ A = 1 }}")).Errors);
        Assert.Equal("InvalidValue", error.FullyQualifiedErrorId.Split(',')[0]);
        Assert.Contains(said, error.ToString());
        Assert.Equal(runs, Server.Runs.Count);
        Assert.Empty(Server.Workspace!.Jobs);
        Assert.Empty(Server.Workspace.Files);
    }

    [Fact]
    public async Task A_repository_without_the_preview_ends_with_what_to_do()
    {
        await StartAsync(new() { ServerlessVariables = PreviewKind.Ignored });
        Assert.Contains("environment_version 5 or later", Assert.Single(Run(Invoke($"src/main.py {Git} {Five}")).Errors).ToString());
        Assert.Equal((true, "FAILED"), (Job.IsCancelled, Stored.Status));
    }

    private static readonly string[] Computes = ["new_cluster", "existing_cluster_id", "job_cluster_key", "libraries"];
}
