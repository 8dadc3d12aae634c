using System.Text.Json;
using Anovos.Mlflow.TestServer;

namespace Anovos.Mlflow.Tests;

/// <summary>Tests the cluster policy and the allowlist of samples/databricks in a fake workspace.</summary>
public sealed class PolicySampleTests : IDisposable
{
    private readonly ScriptSession _session = new();

    [Fact]
    public async Task The_policy_has_an_init_script_that_the_allowlist_lets_start()
    {
        string[] allowed =
            [.. JsonDocument.Parse(Sample("allowlist.json")).RootElement.GetProperty("artifact_matchers").EnumerateArray()
            .Select(item => item.GetProperty("artifact").GetString()!)];
        Assert.All(allowed, prefix => Assert.EndsWith("/", prefix));
        Assert.Equal("FINISHED", await RunAsync(allowed));
        Assert.Equal("FAILED", await RunAsync([]));
    }

    public void Dispose() => _session.Dispose();

    private async Task<string> RunAsync(string[] allowlist)
    {
        await using TrackingServer server = await TrackingServer.StartAsync(new()
        {
            Workspace = new()
            {
                ClusterPolicies = new Dictionary<string, string> { ["ABC"] = Sample("policy.json") },
                InitScriptAllowlist = allowlist,
            },
        });
        string config = _session.Write(
            "config.yaml", "mlflow: { experiment: /Shared/Customers, tracking_uri: databricks, track_output: True, track_reports: True }\n");
        _session.Run(
            """
            $before = $env:DATABRICKS_HOST, $env:DATABRICKS_TOKEN
            $env:DATABRICKS_HOST, $env:DATABRICKS_TOKEN = $address, 'dapi-personal'
            try {
                $cluster = @{ policy_id = 'ABC'; apply_policy_default_values = $true }
                Invoke-AnovosWorkflow -Config (Import-AnovosConfig $config) -SkipCheck /Shared/main.py -NewCluster $cluster -ErrorAction Ignore
            }
            finally {
                $env:DATABRICKS_HOST, $env:DATABRICKS_TOKEN = $before
            }
            """,
            ("address", server.Uri.ToString()), ("config", config));
        return Assert.Single(server.Runs).Status;
    }

    private static string Sample(string name) => File.ReadAllText(Path.Combine(Repository.Root, "samples", "databricks", name));
}
