using System.Text.Json;
using System.Text;
using Anovos.Mlflow.Configuration;
using Anovos.Mlflow.Databricks;
using Anovos.Mlflow.Http;
using Anovos.Mlflow.Tracking;
using Anovos.Mlflow.Workflow;

namespace Anovos.Mlflow.Jobs;

/// <summary>Runs a workflow as a job of a Databricks workspace, and follows it from here.</summary>
public sealed class DatabricksJob : IRemoteWorkflowEngine
{
    // A program that is started on a cluster which runs already gets its environment from here, and the rest as Python gives it.
    private const string Launcher =
        """
        import json, os, runpy, sys
        os.environ.update(json.loads(sys.argv[1]))
        sys.argv = sys.argv[2:]
        sys.path.insert(0, os.path.dirname(sys.argv[0]))
        runpy.run_path(sys.argv[0], run_name="__main__")
        """;

    private static readonly TimeSpan FirstWait = TimeSpan.FromMilliseconds(250), LongestWait = TimeSpan.FromSeconds(15);

    // What asking for an end may take, and what the workspace may take to get there.
    private static readonly TimeSpan Farewell = TimeSpan.FromSeconds(8), Ending = TimeSpan.FromMinutes(1);

    private readonly RestApi _api;
    private readonly JobsApi _jobs;
    private readonly ClusterJob _job;

    /// <summary>Makes a job of a workflow; nothing is sent yet.</summary>
    /// <param name="workspace">The workspace, as a tracking store.</param>
    /// <param name="job">What is to run where.</param>
    /// <exception cref="MlflowException"><see cref="ErrorKind.InvalidValue"/> when the store is no workspace, or the cluster or the libraries are not described in JSON.</exception>
    public DatabricksJob(ITrackingStore workspace, ClusterJob job)
    {
        _api = workspace.As<WorkspaceStore>()?.Api
            ?? throw new MlflowException(ErrorKind.InvalidValue, $"{workspace.TrackingUri} is no Databricks workspace, and a job needs one. Set DATABRICKS_HOST, or a profile of .databrickscfg, and give databricks or databricks://<profile>.") { Target = workspace.TrackingUri };
        _jobs = new JobsApi(_api);
        _job = job;
        if (job.ClusterId is null)
            job.ClusterSpecification();
        job.LibraryList();
        if (job.NeedsLauncher)
            OnDriver(job.PythonFile);
    }

    /// <inheritdoc/>
    public async Task<WorkflowEnd> RunAsync(Action<ArraySegment<byte>, IReadOnlyList<LogLine>> output, Action<IEnumerable<Tag>> describe, CancellationToken cancellationToken)
    {
        string id = Guid.NewGuid().ToString("N");
        JobFolder folder = await JobFolder.MakeAsync(_api, _job.Folder, id, cancellationToken).ConfigureAwait(false);
        bool mayBeNeeded = false;
        try
        {
            string config = await folder.SendAsync(new FileInfo(_job.ConfigPath), Path.GetFileName(_job.ConfigPath), cancellationToken).ConfigureAwait(false);
            (string file, string[] arguments) = (_job.PythonFile, [.. _job.Arguments, config, _job.RunType]);
            if (_job.NeedsLauncher)
            {
                arguments = [JsonSerializer.Serialize(_job.Environment), OnDriver(file), .. arguments];
                file = await folder.SendTextAsync(Launcher, "anovos_launcher.py", cancellationToken).ConfigureAwait(false);
            }

            // A run whose id is not known could not be cancelled: Ctrl+C waits for it.
            using CancellationTokenSource farewell = After(cancellationToken);
            mayBeNeeded = true;
            long runId = await _jobs.SubmitAsync(_job, file, arguments, id, farewell.Token).ConfigureAwait(false);
            JobState state = await FollowAsync(runId, output, describe, cancellationToken).ConfigureAwait(false);
            mayBeNeeded = !state.IsOver;
            await ReadOutputAsync(state, output, cancellationToken).ConfigureAwait(false);
            return state.IsOver ? state.ToEnd() : WorkflowEnd.TimedOut;
        }
        catch (LostJobException e)
        {
            return new WorkflowEnd(RunStatus.Failed, e.Message);
        }
        catch (Exception e) when (e is OperationCanceledException or MlflowException { IsTransient: false })
        {
            mayBeNeeded = false;
            throw;
        }
        finally
        {
            if (!mayBeNeeded)
                await TryRemoveAsync(folder, output).ConfigureAwait(false);
        }
    }

    /// <inheritdoc/>
    public Task<FetchedTables> FetchTablesAsync(AnovosPlan plan, string folder, CancellationToken cancellationToken) =>
        new ClusterTables(_api, folder).FetchAsync(plan, cancellationToken);

    private async Task<JobState> FollowAsync(long runId, Action<ArraySegment<byte>, IReadOnlyList<LogLine>> output, Action<IEnumerable<Tag>> describe, CancellationToken cancellationToken)
    {
        using var timeout = new CancellationTokenSource();
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, cancellationToken);
        if (_job.Timeout is { } limit)
            timeout.CancelAfter(limit);
        JobState? state = null;
        try
        {
            for (TimeSpan wait = FirstWait; ; wait = wait + wait > LongestWait ? LongestWait : wait + wait)
            {
                JobState now = await _jobs.GetAsync(runId, ended.Token).ConfigureAwait(false);
                if (now != state)
                {
                    describe(now.ToTags(_api.Server));
                    Say(now.ToString(), output);
                }

                state = now;
                if (state.IsOver)
                    return state;
                await Task.Delay(wait, ended.Token).ConfigureAwait(false);
            }
        }
        catch (OperationCanceledException)
        {
            await CancelAsync(runId, output).ConfigureAwait(false);
            cancellationToken.ThrowIfCancellationRequested();
        }
        catch (MlflowException e)
        {
            throw new LostJobException($"The workspace could not be asked about job run {runId} any more, which may go on there{(state?.Page is { } page ? $": {page}" : "")}. {e.Message}", e);
        }

        // It ran out of its time: its log tells where.
        using var patience = new CancellationTokenSource(Ending);
        try
        {
            do
            {
                await Task.Delay(FirstWait, cancellationToken).ConfigureAwait(false);
                state = await _jobs.GetAsync(runId, patience.Token).ConfigureAwait(false) with { Result = "TIMEDOUT" };
            }
            while (!state.IsOver);
        }
        catch (Exception e) when (e is MlflowException || (e is OperationCanceledException && patience.IsCancellationRequested))
        {
            Say($"The end of job run {runId} was not seen: {e.Message}", output);
        }

        return state ?? new JobState(runId, "UNKNOWN", "TIMEDOUT", "");
    }

    private async Task CancelAsync(long runId, Action<ArraySegment<byte>, IReadOnlyList<LogLine>> output)
    {
        using var patience = new CancellationTokenSource(Farewell);
        try
        {
            await _jobs.CancelAsync(runId, patience.Token).ConfigureAwait(false);
            Say($"Databricks job run {runId}: cancelled from here", output);
        }
        catch (Exception e) when (e is MlflowException or OperationCanceledException)
        {
            Say($"The job run {runId} could not be cancelled and may go on: {e.Message}", output);
        }
    }

    private async Task ReadOutputAsync(JobState state, Action<ArraySegment<byte>, IReadOnlyList<LogLine>> output, CancellationToken cancellationToken)
    {
        try
        {
            JobOutput wrote = await _jobs.OutputAsync(state.TaskRunId, cancellationToken).ConfigureAwait(false);
            if (wrote.IsTruncated)
                Say("The workspace gives the last 5 MB of the log only: its beginning, and the timings in it, are not here. Set cluster_log_conf of a new cluster to keep it whole.", output);
            foreach (string? text in new[] { wrote.Logs, wrote.Error, wrote.Trace })
            {
                // The workspace does not tell the streams apart; Anovos' log is on standard error.
                using var stream = new MemoryStream(Encoding.UTF8.GetBytes(text ?? ""));
                await new LineReader(isError: true, output).ReadAsync(stream, cancellationToken).ConfigureAwait(false);
            }
        }
        catch (MlflowException e)
        {
            Say($"The output of job run {state.RunId} could not be read: {e.Message}", output);
        }
    }

    private async Task TryRemoveAsync(JobFolder folder, Action<ArraySegment<byte>, IReadOnlyList<LogLine>> output)
    {
        using var patience = new CancellationTokenSource(Farewell);
        try
        {
            await folder.RemoveAsync(patience.Token).ConfigureAwait(false);
        }
        catch (Exception e) when (e is MlflowException or OperationCanceledException)
        {
            Say($"The folder {folder} of the job is still in the workspace and may be deleted: {e.Message}", output);
        }
    }

    // Where the driver finds a file.
    private static string OnDriver(string file)
    {
        if (file.StartsWith("dbfs:/", StringComparison.Ordinal))
            return file.Substring(5).StartsWith("/Volumes/", StringComparison.Ordinal) ? file.Substring(5) : "/dbfs" + file.Substring(5);
        if (!file.StartsWith("/", StringComparison.Ordinal))
            throw new MlflowException(ErrorKind.InvalidValue, $"'{file}' cannot be started on a cluster that runs already, for the run has to be named to it on the way. Give a path of the workspace or of a volume, or a new cluster.") { Target = file };
        return file.StartsWith("/Workspace/", StringComparison.Ordinal) || file.StartsWith("/Volumes/", StringComparison.Ordinal) || file.StartsWith("/dbfs/", StringComparison.Ordinal) ? file : "/Workspace" + file;
    }

    // Cancelled some seconds after the other.
    private static CancellationTokenSource After(CancellationToken cancellationToken)
    {
        var source = new CancellationTokenSource();
        cancellationToken.Register(() => source.CancelAfter(Farewell));
        return source;
    }

    private static void Say(string text, Action<ArraySegment<byte>, IReadOnlyList<LogLine>> output)
    {
        string line = SafeText.Of(text);
        output(new ArraySegment<byte>(Encoding.UTF8.GetBytes(line + "\n")), [new LogLine(line, IsError: false)]);
    }

    private sealed class LostJobException(string message, Exception cause) : Exception(message, cause);
}
