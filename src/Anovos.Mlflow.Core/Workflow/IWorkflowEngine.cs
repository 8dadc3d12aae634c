using Anovos.Mlflow.Configuration;
using Anovos.Mlflow.Tracking;

namespace Anovos.Mlflow.Workflow;

/// <summary>What runs a workflow to its end: a child process, or a job elsewhere.</summary>
public interface IWorkflowEngine
{
    /// <summary>Runs the workflow.</summary>
    /// <param name="output">Told its output in blocks as they come: the bytes of whole lines, and the lines. From any thread, one at a time.</param>
    /// <param name="describe">Told tags of the run that say where it runs, as soon as they are known.</param>
    /// <param name="cancellationToken">Ends the workflow, and all that it started.</param>
    /// <exception cref="MlflowException">It could not be started.</exception>
    /// <exception cref="OperationCanceledException">It was ended.</exception>
    Task<WorkflowEnd> RunAsync(Action<ArraySegment<byte>, IReadOnlyList<LogLine>> output, Action<IEnumerable<Tag>> describe, CancellationToken cancellationToken);
}

/// <summary>Runs a workflow on another machine: its files are not here.</summary>
public interface IRemoteWorkflowEngine : IWorkflowEngine
{
    /// <summary>Brings the tables of statistics that the workflow wrote and its flags allow.</summary>
    /// <param name="plan">What it writes, with the paths as the other machine sees them.</param>
    /// <param name="folder">Where to, on this machine.</param>
    /// <param name="cancellationToken">Ends it at once.</param>
    Task<FetchedTables> FetchTablesAsync(AnovosPlan plan, string folder, CancellationToken cancellationToken);
}

/// <summary>Tables of statistics that were brought here.</summary>
/// <param name="Files">Full paths.</param>
/// <param name="Warnings">What could not be brought, a sentence each.</param>
public sealed record FetchedTables(IReadOnlyList<string> Files, IReadOnlyList<string> Warnings);

/// <summary>How a workflow ended.</summary>
/// <param name="Status">As the run's: Finished, Failed, or Killed.</param>
/// <param name="Fault">What went wrong, as a sentence; null when nothing did.</param>
public sealed record WorkflowEnd(RunStatus Status, string? Fault)
{
    /// <summary>The program's exit code, where there was a program and it ended by itself.</summary>
    public int? ExitCode { get; init; }

    /// <summary>The end of <see cref="Fault"/> that says what to do; null where it says nothing of that.</summary>
    public string? Advice { get; init; }

    /// <summary>It ended well.</summary>
    public static WorkflowEnd Finished { get; } = new(RunStatus.Finished, Fault: null);

    /// <summary>It took longer than it was allowed to, and was ended.</summary>
    public static WorkflowEnd TimedOut { get; } = new(RunStatus.Killed, "The workflow ran out of its time and was ended.");

    /// <summary>A program ended with this code.</summary>
    public static WorkflowEnd Exited(int code) =>
        (code == 0 ? Finished : new WorkflowEnd(RunStatus.Failed, $"The workflow ended with exit code {code}.")) with { ExitCode = code };

    /// <summary>The same end, with the exception and the step that the workflow's output names.</summary>
    internal WorkflowEnd With(FailureCause cause)
    {
        if (Fault is null || (cause.Message is null && cause.Step is null))
            return this;
        string where = cause.Step is { } step ? $" in {step}" : "";
        string why = cause.Message is { } message ? $": {message.TrimEnd('.')}." : ".";
        string what = Advice is null ? Fault : Fault.Substring(0, Fault.Length - Advice.Length);
        return this with { Fault = $"{what.TrimEnd(' ', '.')}{where}{why}{(Advice is null ? "" : " " + Advice)}" };
    }
}
