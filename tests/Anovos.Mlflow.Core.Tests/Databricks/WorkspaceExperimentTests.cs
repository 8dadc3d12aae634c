using Anovos.Mlflow.Context;
using Anovos.Mlflow.Databricks;
using Anovos.Mlflow.Http;
using Anovos.Mlflow.Stores;
using Anovos.Mlflow.TestServer;
using Anovos.Mlflow.Tracking;

namespace Anovos.Mlflow.Tests.Databricks;

/// <summary>Tests experiments of a workspace: locations, folders, permissions.</summary>
public sealed class WorkspaceExperimentTests : IAsyncLifetime
{
    private TrackingServer _server = null!;
    private ITrackingStore _store = null!;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _server = await TrackingServer.StartAsync(new() { Workspace = new() { ForbiddenFolders = ["/Users/eve@example.com"] } });
        Variables environment = new() { ["DATABRICKS_HOST"] = _server.Uri.ToString(), ["DATABRICKS_TOKEN"] = "dapi-personal", ["MLFLOW_HTTP_REQUEST_MAX_RETRIES"] = "0" };
        TrackingTarget target = TrackingTarget.Parse("databricks", "/");
        _store = TrackingStores.Open(target, target.Complete(ConnectionOptions.FromEnvironment(environment.Read, home: null), environment.Read, home: null));
    }

    public async ValueTask DisposeAsync()
    {
        _store.Dispose();
        await _server.DisposeAsync();
    }

    [Fact]
    public async Task An_experiment_in_a_folder_that_is_there_makes_none()
    {
        Assert.Null(await WorkspaceFolders.FindMissingAsync(_store, "/Shared/churn", Cancellation));
        string id = await _store.CreateExperimentAsync(new NewExperiment("/Shared/churn"), Cancellation);
        Assert.Equal(id, (await _store.FindExperimentAsync("/Shared/churn", Cancellation))!.ExperimentId);
        Assert.DoesNotContain(_server.Requests, request => request.Path.Contains("mkdirs"));
    }

    [Fact]
    public async Task A_missing_folder_is_made_with_those_above_it()
    {
        Assert.Equal("/Shared/a/b", await WorkspaceFolders.FindMissingAsync(_store, "/Shared/a/b/churn", Cancellation));
        await _store.CreateExperimentAsync(new NewExperiment("/Shared/a/b/churn"), Cancellation);
        Assert.Contains("/Shared/a", _server.Workspace!.Folders);
        Assert.Contains("/Shared/a/b", _server.Workspace!.Folders);
    }

    [Theory]
    [InlineData("churn", "/Users/you@example.com/churn")]
    [InlineData("Default", "/Shared/Default")]
    [InlineData("team/churn", "/Shared/team/churn")]
    [InlineData("/Shared/churn/", "/Shared/Shared/churn")]
    [InlineData("/", "/Shared/name")]
    public async Task A_name_that_is_no_location_gets_the_advice_and_nothing_is_sent(string name, string advice)
    {
        foreach (Func<Task> ask in new Func<Task>[] { () => _store.FindExperimentAsync(name, Cancellation), () => _store.CreateExperimentAsync(new NewExperiment(name), Cancellation), () => WorkspaceFolders.FindMissingAsync(_store, name, Cancellation) })
        {
            MlflowException e = await Assert.ThrowsAsync<MlflowException>(ask);
            Assert.Equal(ErrorKind.InvalidValue, e.Kind);
            Assert.Contains(advice, e.Message);
        }

        Assert.Empty(_server.Requests);
    }

    [Fact]
    public async Task The_mount_of_the_workspace_is_no_part_of_a_location()
    {
        string id = await _store.CreateExperimentAsync(new NewExperiment("/Workspace/Shared/churn"), Cancellation);
        Assert.Equal("/Shared/churn", (await _store.GetExperimentAsync(id, Cancellation)).Name);
        Assert.Equal(id, (await _store.FindExperimentAsync("/Workspace/Shared/churn", Cancellation))!.ExperimentId);
    }

    [Fact]
    public async Task A_refusal_names_the_permission_and_the_place()
    {
        Assert.Null(await WorkspaceFolders.FindMissingAsync(_store, "/Users/eve@example.com/x/churn", Cancellation));
        MlflowException e = await Assert.ThrowsAsync<MlflowException>(() => _store.CreateExperimentAsync(new NewExperiment("/Users/eve@example.com/churn"), Cancellation));
        Assert.Equal(ErrorKind.PermissionDenied, e.Kind);
        Assert.Contains("The experiment /Users/eve@example.com/churn could not be created", e.Message);
        Assert.Contains("CAN MANAGE on the workspace folder", e.Message);
        Assert.Contains("the pat identity", e.Message);
    }

    [Fact]
    public async Task A_user_that_is_none_has_no_folder_to_be_made()
    {
        MlflowException e = await Assert.ThrowsAsync<MlflowException>(() => _store.CreateExperimentAsync(new NewExperiment("/Users/nobody@example.com/churn"), Cancellation));
        Assert.Equal((ErrorKind.PermissionDenied, "DIRECTORY_PROTECTED"), (e.Kind, e.ErrorCode));
        Assert.Contains("check the user's name, or use /Shared", e.Message);
    }

    [Fact]
    public async Task A_run_that_may_not_be_written_to_names_the_permission()
    {
        string id = await _store.CreateExperimentAsync(new NewExperiment("/Shared/churn"), Cancellation);
        _server.Faults.Add("POST", "*/runs/create", Faults.Answer(403, """{"error_code": "PERMISSION_DENIED", "message": "ada does not have permission to edit experiment 17"}"""));
        MlflowException e = await Assert.ThrowsAsync<MlflowException>(() => _store.CreateRunAsync(new NewRun(id, "r", "ada", 1), Cancellation));
        Assert.Equal(ErrorKind.PermissionDenied, e.Kind);
        Assert.Contains("ada does not have permission to edit experiment 17. This requires the permission CAN EDIT on the experiment", e.Message);
    }

    [Fact]
    public void A_run_on_a_cluster_says_which()
    {
        Variables environment = new() { ["DB_CLUSTER_ID"] = "0424-1", ["DB_IS_DRIVER"] = "TRUE", ["DATABRICKS_HOST"] = "adb-1.2.azuredatabricks.net" };
        Dictionary<string, string> tags = Tags().ToDictionary(tag => tag.Key, tag => tag.Value);
        Assert.Equal(("0424-1", "https://adb-1.2.azuredatabricks.net"), (tags["mlflow.databricks.cluster.id"], tags["mlflow.databricks.workspaceURL"]));
        environment["DB_CLUSTER_ID"] = "";
        Assert.DoesNotContain(Tags(), tag => tag.Key.StartsWith("mlflow.databricks", StringComparison.Ordinal));

        IReadOnlyList<Tag> Tags() => RunContext.TagsOf(new RunRequest { SourceDirectory = "/" }, environment.Read, _store.Limits);
    }
}
