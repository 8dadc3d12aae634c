using System.Net;
using Anovos.Mlflow.TestServer;

namespace Anovos.Mlflow.Tests;

/// <summary>Tests credentials as people paste them, and variables that a pipeline or a cluster did not resolve.</summary>
public sealed class PastedCredentialTests : IDisposable
{
    private const string Token = "dapi-0123456789";

    private readonly ScriptSession _session = new();
    private readonly Dictionary<string, string?> _before = [];

    [Theory]
    [InlineData(Token + "\n")]
    [InlineData("\"" + Token + "\"")]
    [InlineData("Bearer " + Token + "\r\n")]
    public async Task A_pasted_token_opens_a_server_and_a_workspace(string pasted)
    {
        await using TrackingServer server = await TrackingServer.StartAsync(new TrackingServerOptions { Token = Token });
        Set("MLFLOW_TRACKING_TOKEN", pasted);
        Set("MLFLOW_WORKSPACE", "'team'\n");
        ScriptResult result = _session.Run(
            "Get-MlflowExperiment -TrackingUri $Uri; $env:MLFLOW_TRACKING_TOKEN = ''; (Connect-Mlflow $Uri -Token $Token).Authentication",
            ("Uri", server.Uri.ToString()), ("Token", new NetworkCredential("", pasted).SecurePassword)).Clean();
        Assert.Equal("Bearer", result.Texts[^1]);
        Assert.All(server.Requests, request => Assert.Equal("team", request.Headers["X-MLFLOW-WORKSPACE"].ToString()));
    }

    [Theory]
    [InlineData("dapi-…")]
    [InlineData("dapi\n0123")]
    [InlineData("dapi 0123")]
    public void A_token_that_cannot_be_sent_is_an_error_that_shows_nothing_of_it(string pasted)
    {
        Set("MLFLOW_TRACKING_TOKEN", pasted);
        ScriptResult result = _session.Run(
            "Get-MlflowExperiment -TrackingUri http://127.0.0.1:1; $env:MLFLOW_TRACKING_TOKEN = ''; Connect-Mlflow http://127.0.0.1:1 -Token $Token",
            ("Token", new NetworkCredential("", pasted).SecurePassword));
        Assert.Equal(["InvalidValue", "InvalidValue"], result.Errors.Select(error => error.FullyQualifiedErrorId.Split(',')[0]));
        Assert.Equal(["MLFLOW_TRACKING_TOKEN", "-Token"], result.Errors.Select(error => error.ToString().Split(' ')[0]));
        Assert.DoesNotContain(result.Errors, error => error.Exception.ToString().Contains("dapi"));
    }

    [Theory]
    [InlineData("MLFLOW_TRACKING_URI", "$(MlflowUri)")]
    [InlineData("MLFLOW_TRACKING_URI", "https://$(host)/mlflow")]
    [InlineData("MLFLOW_TRACKING_URI", "{{secrets/mlflow/uri}}")]
    [InlineData("MLFLOW_TRACKING_TOKEN", "$(token)")]
    [InlineData("MLFLOW_TRACKING_PASSWORD", "{{secrets/mlflow/password}}")]
    [InlineData("MLFLOW_EXPERIMENT_NAME", "$(Build.Experiment)")]
    [InlineData("ANOVOS_MLFLOW_OFFLINE", "$(offline)")]
    public void A_placeholder_is_reported_and_nothing_is_created(string name, string value)
    {
        Set(name, value);
        ScriptResult result = _session.Run("Start-MlflowRun; (Test-MlflowConnection).Message; (Get-ChildItem -Recurse).Name");
        string message = result.Errors[0].ToString();
        Assert.StartsWith($"{name} is '", message);
        Assert.Contains(value.Contains("secrets") ? "Databricks" : "Azure Pipelines", message);
        if (name.StartsWith("MLFLOW_TRACKING", StringComparison.Ordinal))
            Assert.Equal([message], result.Texts);
        Assert.Empty(Directory.EnumerateFileSystemEntries(_session.Folder));
    }

    public void Dispose()
    {
        foreach ((string name, string? value) in _before)
            Environment.SetEnvironmentVariable(name, value);
        _session.Dispose();
    }

    private void Set(string name, string value)
    {
        _before.TryAdd(name, Environment.GetEnvironmentVariable(name));
        Environment.SetEnvironmentVariable(name, value);
    }
}
