using System.Collections;
using System.Globalization;
using System.Management.Automation;
using Anovos.Mlflow.Jobs;
using Anovos.Mlflow.PowerShell.Abstractions;
using Anovos.Mlflow.PowerShell.Completion;
using Anovos.Mlflow.PowerShell.Sessions;
using Anovos.Mlflow.Tracking;
using Anovos.Mlflow.Workflow;

namespace Anovos.Mlflow.PowerShell.Commands;

/// <content>Runs the workflow as a saved job of a Databricks workspace.</content>
public sealed partial class InvokeAnovosWorkflowCommand
{
    private Run? _repaired;

    /// <summary>The id of the saved job to run.</summary>
    [Parameter(Mandatory = true, ParameterSetName = "Job")]
    [ValidateRange(1L, long.MaxValue)]
    public long? JobId { get; set; }

    /// <summary>The run whose job failed: a run or its id. The failed tasks run again, under the same run.</summary>
    [Parameter(Mandatory = true, ParameterSetName = "Repair")]
    [ValidateNotNull]
    [ArgumentCompleter(typeof(RunIdCompleter))]
    public object? Repair { get; set; }

    /// <summary>Job parameters by name, as a hashtable.</summary>
    [Parameter(ParameterSetName = "Job")]
    [Parameter(ParameterSetName = "Repair")]
    [ValidateNotNull]
    public IDictionary? JobParameter { get; set; }

    private bool IsSavedJob => ParameterSetName is "Job" or "Repair";

    // The note of the repaired run was generated: it says how the job failed.
    private string? OwnNote =>
        _repaired is null ? Pipeline?.BuildLink : _repaired.Tags.TryGetValue(RunTags.Note, out string? note) ? note : null;

    private Func<IReadOnlyDictionary<string, string?>, IWorkflowEngine> ToSavedJob(MlflowConnection workspace, MlflowConnection tracking)
    {
        if (Environment is not null)
            throw new MlflowException(ErrorKind.InvalidValue, "-Environment cannot be used with -JobId or -Repair, because the tasks of a "
                + "saved job have their own environment. Use -JobParameter.");
        var job = new SavedJob
        {
            ConfigPath = Config!.Path,
            JobId = JobId,
            RepairedRunId = Repair is null ? null : FindJobRun(tracking),
            Parameters = Parameters(),
            Folder = WorkspaceFolder,
            Timeout = TimeLimit,
        };
        return environment => new DatabricksJob(workspace.Store, job with { Environment = WithValues(environment) });
    }

    private Dictionary<string, string> Parameters()
    {
        Dictionary<string, string?> parameters = [];
        foreach (object name in JobParameter?.Keys ?? Array.Empty<object>())
            parameters[ValueText.Of(name)] = JobParameter![name] is { } value ? ValueText.Of(value) : "";
        Redactor.AddSettings(parameters);
        return WithValues(parameters);
    }

    private long FindJobRun(MlflowConnection tracking)
    {
        string id = (Repair is PSObject wrapped ? wrapped.BaseObject : Repair) is Run given ? given.RunId : ValueText.Of(Repair!);
        Listen(tracking);
        Run run = _repaired = Await(token => tracking.Store.GetRunAsync(id, token));
        return run.Tags.TryGetValue("mlflow.databricks.jobRunID", out string? jobRun)
            && long.TryParse(jobRun, NumberStyles.None, CultureInfo.InvariantCulture, out long number)
            ? number
            : throw new MlflowException(ErrorKind.InvalidValue, $"Run {id} has no Databricks job run to repair: its tag "
                + "mlflow.databricks.jobRunID is missing.")
            { Target = id };
    }
}
