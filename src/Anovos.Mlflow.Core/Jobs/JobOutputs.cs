using System.Text;
using Anovos.Mlflow.Workflow;

namespace Anovos.Mlflow.Jobs;

/// <summary>Reads the output of each task of a job run into the log of the workflow.</summary>
/// <param name="jobs">The workspace.</param>
/// <param name="output">Called with blocks of whole lines.</param>
internal sealed class JobOutputs(JobsApi jobs, Action<ArraySegment<byte>, IReadOnlyList<LogLine>> output)
{
    /// <summary>Reads the last attempt of each task. If the output of a task cannot be read, a line in the log says so.</summary>
    public async Task ReadAsync(JobState state, CancellationToken cancellationToken)
    {
        foreach (JobTask task in state.Tasks)
        {
            if (task.Status.NeverRan)
                continue;
            if (state.Tasks.Count > 1)
                JobLog.Say($"Output of task {task.Key}{(task.Attempt > 0 ? $", attempt {task.Attempt + 1}" : "")}:", output);
            if (task.IsLoop)
                JobLog.Say($"The output of task {task.Key} is in the runs of its iterations, which are not read. See its page in the "
                    + "workspace.", output);
            else
                await ReadAsync(task, state, cancellationToken).ConfigureAwait(false);
        }
    }

    private async Task ReadAsync(JobTask task, JobState state, CancellationToken cancellationToken)
    {
        string name = state.Tasks.Count > 1 ? $"task {task.Key} of job run {state.RunId}" : $"job run {state.RunId}";
        try
        {
            JobOutput wrote = await jobs.OutputAsync(task.RunId, cancellationToken).ConfigureAwait(false);
            if (wrote.IsTruncated)
                JobLog.Say("The workspace returns only the last 5 MB of the log: its beginning, and the timings in it, are missing. Set "
                    + "cluster_log_conf of a new cluster to keep the whole log.", output);
            if (wrote.IsResultTruncated)
                JobLog.Say("The workspace returns only the first 5 MB of a notebook's result: its end is missing.", output);
            foreach (string? text in new[] { wrote.Logs, wrote.Result, wrote.Error, wrote.Trace })
            {
                // The workspace does not separate the streams; Anovos logs to standard error.
                using var stream = new MemoryStream(Encoding.UTF8.GetBytes(text ?? ""));
                await new LineReader(isError: true, output).ReadAsync(stream, cancellationToken).ConfigureAwait(false);
            }
        }
        catch (MlflowException e)
        {
            JobLog.Say($"The output of {name} could not be read: {e.Message}", output);
        }
    }
}

/// <summary>Writes this module's own lines to the log of a workflow.</summary>
internal static class JobLog
{
    /// <summary>Writes a line.</summary>
    public static void Say(string text, Action<ArraySegment<byte>, IReadOnlyList<LogLine>> output)
    {
        string line = SafeText.Of(text);
        output(new ArraySegment<byte>(Encoding.UTF8.GetBytes(line + "\n")), [new LogLine(line, IsError: false)]);
    }
}
