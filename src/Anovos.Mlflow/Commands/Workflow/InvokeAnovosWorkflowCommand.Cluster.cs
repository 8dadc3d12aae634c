using System.Collections;
using System.Management.Automation;
using Anovos.Mlflow.Jobs;
using Anovos.Mlflow.PowerShell.Abstractions;
using Anovos.Mlflow.PowerShell.Sessions;
using Anovos.Mlflow.Stores;
using Anovos.Mlflow.Tracking;
using Anovos.Mlflow.Workflow;

namespace Anovos.Mlflow.PowerShell.Commands;

/// <content>Runs the workflow as a job on a Databricks cluster.</content>
public sealed partial class InvokeAnovosWorkflowCommand
{
    // The folder in which a driver runs programs.
    private const string DriverFolder = "/databricks/driver";

    /// <summary>The id of the Databricks cluster that runs the workflow.</summary>
    [Parameter(Mandatory = true, ParameterSetName = "Cluster")]
    [ValidateNotNullOrEmpty]
    public string? ClusterId { get; set; }

    /// <summary>The Databricks cluster to create: a hashtable in the format of <c>new_cluster</c> in the Jobs API, or the path of a JSON file.</summary>
    [Parameter(Mandatory = true, ParameterSetName = "NewCluster")]
    [ValidateNotNull]
    public object? NewCluster { get; set; }

    /// <summary>
    /// The environment for serverless compute: a hashtable in the format of the <c>spec</c> of an environment in the Jobs API, such as
    /// <c>@{ environment_version = '5'; dependencies = @('anovos') }</c>, or the path of a JSON file.
    /// </summary>
    [Parameter(Mandatory = true, ParameterSetName = "Serverless")]
    [ValidateNotNull]
    public object? ServerlessEnvironment { get; set; }

    /// <summary>
    /// The Git repository with the Python file: a hashtable in the format of <c>git_source</c> in the Jobs API, or the path of a JSON file.
    /// </summary>
    [Parameter(ParameterSetName = "Cluster")]
    [Parameter(ParameterSetName = "NewCluster")]
    [Parameter(ParameterSetName = "Serverless")]
    [ValidateNotNull]
    public object? GitSource { get; set; }

    /// <summary>Libraries of the job, each a hashtable as in the Jobs API, such as <c>@{ pypi = @{ package = 'anovos' } }</c>.</summary>
    [Parameter(ParameterSetName = "Cluster")]
    [Parameter(ParameterSetName = "NewCluster")]
    [ValidateNotNull]
    public IDictionary[] Library { get; set; } = [];

    /// <summary>The folder that holds the workflow file while the job runs; without it, a folder in the user's own folder.</summary>
    [Parameter(ParameterSetName = "Cluster")]
    [Parameter(ParameterSetName = "NewCluster")]
    [Parameter(ParameterSetName = "Serverless")]
    [Parameter(ParameterSetName = "Job")]
    [Parameter(ParameterSetName = "Repair")]
    [ValidateNotNullOrEmpty]
    public string? WorkspaceFolder { get; set; }

    private bool IsJob => ParameterSetName != "Program";

    private Func<IReadOnlyDictionary<string, string?>, IWorkflowEngine> ToJob()
    {
        MlflowConnection tracking = Config!.Tracking is null && TrackingUri is null && Connection is null
            ? Session.Resolve("databricks", ParseTarget) : ResolveConnection(Config.Tracking?.TrackingUri);
        MlflowConnection workspace = tracking.WorkspaceUrl is null ? Session.Resolve("databricks", ParseTarget) : tracking;
        Listen(workspace);
        if (IsSavedJob)
            return ToSavedJob(workspace, tracking);
        var job = new ClusterJob
        {
            ConfigPath = Config.Path,
            PythonFile = FilePath,
            Arguments = ArgumentList,
            RunType = RunType ?? "databricks",
            ClusterId = ClusterId,
            NewCluster = Json(NewCluster),
            ServerlessEnvironment = Json(ServerlessEnvironment),
            GitSource = Json(GitSource),
            Libraries = Library.Length == 0 ? null : ClusterJob.ToJson(PlainValue.Of(Library)),
            Folder = WorkspaceFolder,
            Name = Name ?? $"Anovos {System.IO.Path.GetFileNameWithoutExtension(Config.Path)}",
            Timeout = TimeLimit,
        };
        Build(Variables());
        return Build;

        IWorkflowEngine Build(IReadOnlyDictionary<string, string?> environment) =>
            new DatabricksJob(workspace.Store, job with { Environment = WithValues(environment) });
    }

    // A hashtable, or the path of a JSON file.
    private string? Json(object? value) => value is null ? null
        : (value is PSObject wrapped ? wrapped.BaseObject : value) is string path
            ? File.ReadAllText(GetUnresolvedProviderPathFromPSPath(path))
        : ClusterJob.ToJson(PlainValue.Of(value));

    private static Dictionary<string, string> WithValues(IReadOnlyDictionary<string, string?> environment) =>
        environment.Where(variable => variable.Value is not null).ToDictionary(variable => variable.Key, variable => variable.Value!);

    // The cluster has its own credentials. None are put into a job, because others can read its settings.
    private Dictionary<string, string?> JobEnvironment(Run run)
    {
        Dictionary<string, string?> variables = Variables();
        if (TrackingTarget.IsLocalUri(run.TrackingUri))
        {
            WriteWarning($"The job cannot join run {run.RunId}, because no cluster can reach the store {run.TrackingUri}. "
                + "The run gets the log, the timings and the statistics, but not the outputs.");
            return variables;
        }

        variables["MLFLOW_RUN_ID"] = run.RunId;
        variables["MLFLOW_EXPERIMENT_ID"] = run.ExperimentId;
        variables["MLFLOW_TRACKING_URI"] = run.TrackingUri.StartsWith("databricks", StringComparison.Ordinal) ? "databricks" : run.TrackingUri;
        return variables;
    }
}
