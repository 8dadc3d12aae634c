using System.Management.Automation;
using Anovos.Mlflow.TestServer;

namespace Anovos.Mlflow.Tests;

/// <summary>Tests jobs that a workspace refuses or ends, and the advice in the errors.</summary>
public sealed class JobRefusalTests : JobTests
{
    private const string Cluster = "Invoke-AnovosWorkflow -SkipCheck -Config $Workflow /Shared/main.py -NewCluster ";
    private const string Policy =
        """
        {
          "spark_version": { "type": "fixed", "value": "17.3.x-scala2.13" },
          "data_security_mode": { "type": "fixed", "value": "DATA_SECURITY_MODE_STANDARD" },
          "node_type_id": { "type": "allowlist", "values": [ "i3.xlarge", "i3.2xlarge" ] },
          "num_workers": { "type": "range", "maxValue": 4 },
          "init_scripts": { "type": "forbidden" }
        }
        """;

    private const string Simple = """{ "parameters": [ { "name": "mlflow_run_id", "default": "" } ], "tasks": [ { "task_key": "a", "notebook_task": { "notebook_path": "/Shared/a" } } ] }""";

    private static WorkspaceOptions Workspace =>
        new()
        {
            SavedJobs = [Simple],
            ClusterPolicies = new Dictionary<string, string> { ["ABC"] = Policy },
            InitScriptAllowlist = ["/Volumes/main/tools/scripts/"]
        };

    [Theory]
    [InlineData(Cluster + "@{ policy_id = 'ABC'; node_type_id = 'm5.large'; num_workers = 9 }", "InvalidValue", "the value must be at "
        + "most 4 (is \"9\"). The cluster policy does not allow this cluster")]
    [InlineData(Cluster + "@{ policy_id = 'ABC'; init_scripts = @(@{ volumes = @{ destination = '/Volumes/x' } }) "
        + "}", "InvalidValue", "Validation failed for init_scripts")]
    [InlineData(
        Cluster + "@{ policy_id = 'XYZ'; num_workers = 1 }", "InvalidValue", "Can't find a cluster policy with id: XYZ. Check policy_id")]
    [InlineData(
        "Invoke-AnovosWorkflow -SkipCheck -Config $Workflow -JobId 999", "InvalidValue", "Job 999 does not exist. Check the id of the job")]
    public async Task A_refusal_says_what_to_do(string script, string id, string said)
    {
        await StartAsync(Workspace);
        ErrorRecord error = Assert.Single(Run(script).Errors);
        Assert.Equal(id, error.FullyQualifiedErrorId.Split(',')[0]);
        Assert.Contains(said, error.ToString());
        Assert.Equal("FAILED", Stored.Status);
        Assert.Empty(Server.Workspace!.Jobs);
        Assert.Empty(Server.Workspace.Files);
    }

    [Fact]
    public async Task A_policy_fills_in_what_is_left_out()
    {
        await StartAsync(Workspace);
        Run(Cluster + "@{ policy_id = 'ABC'; apply_policy_default_values = $true; node_type_id = 'i3.xlarge'; num_workers = 2 }").Clean();
        Assert.Equal(
            ("FINISHED", "ABC", Stored.RunId), (Stored.Status, Job.Task.GetProperty("new_cluster").GetProperty("policy_id").GetString(),
            Job.Task.GetProperty("new_cluster").GetProperty("spark_env_vars").GetProperty("MLFLOW_RUN_ID").GetString()));
    }

    [Fact]
    public async Task Who_may_not_run_the_job_learns_which_permission_it_takes()
    {
        await StartAsync(Workspace with { MayManageRuns = false });
        ErrorRecord error = Assert.Single(Run("Invoke-AnovosWorkflow -SkipCheck -Config $Workflow -JobId 501").Errors);
        Assert.Equal("PermissionDenied", error.FullyQualifiedErrorId.Split(',')[0]);
        Assert.Contains("Can Manage Run", error.ToString());
    }

    [Fact]
    public async Task A_workspace_that_runs_as_many_jobs_as_it_may_is_said()
    {
        await StartAsync(Workspace with { MaximumActiveRuns = 0 });
        Assert.Contains(
            "limits active runs", Assert.Single(Run("Invoke-AnovosWorkflow -SkipCheck -Config $Workflow -JobId 501").Errors).ToString());
        Assert.Equal("FAILED", Stored.Status);
    }

    [Theory]
    [InlineData("WORKSPACE_RUN_LIMIT_EXCEEDED", "start the job later")]
    [InlineData("UNAUTHORIZED_ERROR", "run_as")]
    [InlineData("LIBRARY_INSTALLATION_ERROR", "Correct the libraries")]
    [InlineData("FEATURE_DISABLED", "enable the feature")]
    [InlineData("REPOSITORY_CHECKOUT_FAILED", "Git credentials")]
    [InlineData("INVALID_CLUSTER_REQUEST", "cluster policy")]
    public async Task The_code_of_an_end_leads_to_what_to_do(string code, string said)
    {
        await StartAsync(
            Workspace with { Job = new() { EndPhase = "INTERNAL_ERROR", Result = "FAILED", Code = code, EndMessage = "It did not work" } });
        string error = Assert.Single(Run("Invoke-AnovosWorkflow -SkipCheck -Config $Workflow -JobId 501").Errors).ToString();
        Assert.Contains($"FAILED ({code}): It did not work", error);
        Assert.Contains(said, error);
    }

    // Standard access mode accepts only init scripts of volumes that are on the allowlist.
    [Theory]
    [InlineData("volumes", "/Volumes/main/tools/scripts/init.sh", true)]
    [InlineData("volumes", "/Volumes/main/other/init.sh", false)]
    [InlineData("workspace", "/Shared/init.sh", false)]
    public async Task An_init_script_in_standard_access_mode_must_be_on_the_allowlist(string kind, string path, bool starts)
    {
        await StartAsync(Workspace);
        ScriptResult result = Run($"{Cluster} @{{ spark_version = '17.3.x-scala2.13'; data_security_mode = "
            + $"'DATA_SECURITY_MODE_STANDARD'; num_workers = 1; init_scripts = @(@{{ {kind} = @{{ destination = '{path}' }} }}) }}");
        Assert.Equal(starts ? "FINISHED" : "FAILED", Stored.Status);
        if (!starts)
            Assert.Contains(
                $"'{path}' is not in the artifact allowlist. Ask a user with MANAGE ALLOWLIST", Assert.Single(result.Errors).ToString());
    }
}
