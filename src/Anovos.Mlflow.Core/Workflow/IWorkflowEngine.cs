using Anovos.Mlflow.Configuration;
using Anovos.Mlflow.Tracking;

namespace Anovos.Mlflow.Workflow;

/// <summary>Runs a workflow to completion, as a child process or a remote job.</summary>
public interface IWorkflowEngine
{
    /// <summary>Runs the workflow.</summary>
    /// <param name="output">Called with each block of complete lines, as bytes and parsed. From any thread, but never concurrently.</param>
    /// <param name="describe">Called with run tags that say where the workflow runs, as soon as they are known.</param>
    /// <param name="cancellationToken">Stops the workflow and all processes that it started.</param>
    /// <exception cref="MlflowException">The workflow could not be started.</exception>
    /// <exception cref="OperationCanceledException">The workflow was stopped.</exception>
    Task<WorkflowEnd> RunAsync(Action<ArraySegment<byte>, IReadOnlyList<LogLine>> output, Action<IEnumerable<Tag>> describe, CancellationToken cancellationToken);
}

/// <summary>Runs a workflow on another machine. Its files are not on this machine.</summary>
public interface IRemoteWorkflowEngine : IWorkflowEngine
{
    /// <summary>Downloads the tables of statistics that the workflow wrote, as far as its flags allow.</summary>
    /// <param name="plan">The outputs of the workflow, with paths on the other machine.</param>
    /// <param name="folder">The target folder on this machine.</param>
    /// <param name="cancellationToken">Cancels the operation.</param>
    Task<FetchedTables> FetchTablesAsync(AnovosPlan plan, string folder, CancellationToken cancellationToken);
}

/// <summary>The downloaded tables of statistics.</summary>
/// <param name="Files">The full paths of the files.</param>
/// <param name="Warnings">A sentence for each table that could not be downloaded.</param>
public sealed record FetchedTables(IReadOnlyList<string> Files, IReadOnlyList<string> Warnings);

/// <summary>How a workflow ended.</summary>
/// <param name="Status">The run status: Finished, Failed, or Killed.</param>
/// <param name="Fault">The error, as a sentence; null if there was none.</param>
public sealed record WorkflowEnd(RunStatus Status, string? Fault)
{
    /// <summary>The program's exit code; null if there was no program or it was stopped.</summary>
    public int? ExitCode { get; init; }

    /// <summary>The last part of <see cref="Fault"/>, which says what to do; null if it has no such part.</summary>
    public string? Advice { get; init; }

    /// <summary>The workflow succeeded.</summary>
    public static WorkflowEnd Finished { get; } = new(RunStatus.Finished, Fault: null);

    /// <summary>The workflow exceeded its time limit and was stopped.</summary>
    public static WorkflowEnd TimedOut { get; } = new(RunStatus.Killed, "The workflow exceeded its time limit and was stopped.");

    /// <summary>The program ended with this exit code.</summary>
    public static WorkflowEnd Exited(int code) =>
        (code == 0 ? Finished : new WorkflowEnd(RunStatus.Failed, $"The workflow ended with exit code {code}.")) with { ExitCode = code };

    /// <summary>Adds the exception and the step found in the workflow's output.</summary>
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
