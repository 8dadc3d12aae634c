using Anovos.Mlflow.TestServer;

namespace Anovos.Mlflow.Tests;

/// <summary>
/// Tests the scripts of samples/azure-pipelines.yml in processes of their own, against a fake workspace and a server.
/// </summary>
[Collection(nameof(PipelineTests))]
public sealed class PipelineTests : IAsyncLifetime
{
    private static readonly string[] Tasks = ["Start the run", "Run the workflow", "Send the outputs", "End the run"];

    private readonly string _folder = Directory.CreateTempSubdirectory("anovos-mlflow-agent-").FullName;
    private TrackingServer _server = null!;

    private static string Yaml => File.ReadAllText(Path.Combine(Repository.Root, "samples", "azure-pipelines.yml"));

    public static TheoryData<string, string, string?, string, string> Endings
    {
        get
        {
            var data = new TheoryData<string, string, string?, string, string>();
            foreach (string job in new[] { "Databricks", "Server" })
            {
                foreach (string shell in new[] { "pwsh", "host" })
                {
                    data.Add(job, shell, null, "Succeeded", "FINISHED");
                    data.Add(job, shell, "fails", "Failed", "FAILED");
                    data.Add(job, shell, "is canceled", "Canceled", "KILLED");
                }
            }

            return data;
        }
    }

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        if (_server is not null)
            await _server.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    [Theory]
    [MemberData(nameof(Endings))]
    public async Task The_tasks_share_one_run_which_ends_as_the_job_does(string name, string shell, string? how, string status, string expected)
    {
        PipelineJob job = await JobAsync(name, shell, exitCode: how == "fails" ? 3 : 0);
        job.Run((script, environment) => Run(shell, script, environment), cancelAfter: how == "is canceled" ? "Run the workflow" : null);

        Assert.True(job.Status == status, job.Log);
        StoredRun run = Assert.Single(_server.Runs);
        Assert.Equal(expected, run.Status);
        Assert.NotNull(run.EndTime);
        Assert.Equal(("20261124.1", "17"), (run.RunName, run.Tags["azure.pipelines.buildId"]));
        Assert.Equal(run.RunId, File.ReadAllText(Path.Combine(_folder, "run-of-the-workflow")));
        Assert.Equal(how is null, _server.Artifacts.Keys.Any(key => key.Contains($"{run.RunId}/artifacts/final_dataset/_SUCCESS")));

        // No secret is stored, and the job's token is sent only to the agent's own service.
        Assert.DoesNotContain("job-token", job.Log);
        Assert.All(_server.Requests.Where(request => request.Headers.GetValueOrDefault("Authorization") == "Bearer job-token"), request => Assert.StartsWith("/pipeline/oidctoken", request.Path));
        Assert.All(_server.Workspace?.IssuedTokens ?? [], token => Assert.DoesNotContain(token, job.Log));
    }

    [Theory]
    [InlineData("Databricks")]
    [InlineData("Server")]
    public async Task A_run_that_was_not_started_is_not_ended(string name)
    {
        PipelineJob job = await JobAsync(name, "host", exitCode: 0);
        job["MLFLOW_TRACKING_URI"] = "http://127.0.0.1:1";
        job["ANOVOS_MLFLOW_RETRY_TIMEOUT"] = "1";
        job.Run((script, environment) => Run("host", script, environment), cancelAfter: null);
        Assert.Equal("Failed", job.Status);
        Assert.Contains("No run was started.", job.Log);
    }

    [Fact]
    public void Both_jobs_have_the_same_scripts()
    {
        Assert.Equal(Tasks, new PipelineJob(Yaml, "Databricks").Steps);
        Assert.Equal(new PipelineJob(Yaml, "Databricks").Scripts, new PipelineJob(Yaml, "Server").Scripts);
    }

    // The agent's variables, and in place of Python a program that ends with the given exit code.
    private async Task<PipelineJob> JobAsync(string name, string shell, int exitCode)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "the stand-in of python is a shell script");
        _server = await TrackingServer.StartAsync(new() { Workspace = name == "Databricks" ? new() : null });
        string python = Path.Combine(Directory.CreateDirectory(Path.Combine(_folder, "bin")).FullName, "python");
        await File.WriteAllTextAsync(python, $"#!/bin/sh\nprintf %s \"$MLFLOW_RUN_ID\" > run-of-the-workflow\nexit {exitCode}\n", TestContext.Current.CancellationToken);
        if (!OperatingSystem.IsWindows())
            File.SetUnixFileMode(python, UnixFileMode.UserRead | UnixFileMode.UserExecute);

        var job = new PipelineJob(Yaml, name)
        {
            ["TF_BUILD"] = "True",
            ["Build.SourcesDirectory"] = Repository.Root,
            ["Build.BuildId"] = "17",
            ["Build.BuildNumber"] = "20261124.1",
            ["Build.Repository.Name"] = "customers",
            ["System.OidcRequestUri"] = new Uri(_server.Uri, "pipeline/oidctoken").ToString(),
            ["System.AccessToken"] = "job-token",
        };

        // The host has already loaded its own copy, and a process can load only one copy.
        job["anovosModule"] = shell == "host"
            ? Path.Combine(Path.GetDirectoryName(Repository.Host)!, "Modules", "Anovos.Mlflow")
            : Repository.StagedModule;
        if (name == "Databricks")
            (job["DATABRICKS_HOST"], job["DATABRICKS_CLIENT_ID"]) = (_server.Uri.ToString(), "principal");
        else
            job["MLFLOW_TRACKING_URI"] = _server.Uri.ToString();
        return job;
    }

    private (int ExitCode, string Output, string Error) Run(string shell, string script, IEnumerable<(string, string?)> environment) => CleanProcess.Run(
        shell == "pwsh" ? Repository.Pwsh : Repository.HostProgram,
        shell == "pwsh" ? ["-NoLogo", "-NoProfile", "-NonInteractive", "-File", script] : Repository.HostArguments(script),
        _folder,
        [("PATH", $"{_folder}/bin{Path.PathSeparator}{CleanEnvironment.SearchPath}"), ("HOME", _folder), .. environment]);
}
