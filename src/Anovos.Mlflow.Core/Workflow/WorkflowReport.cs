using Anovos.Mlflow.Artifacts;
using Anovos.Mlflow.Configuration;
using Anovos.Mlflow.Outputs;
using Anovos.Mlflow.Stores;
using Anovos.Mlflow.Tracking;

namespace Anovos.Mlflow.Workflow;

/// <summary>
/// Reports to one run. A failed step is recorded and does not stop other steps, so that the results of the workflow are not lost.
/// Once the server is unreachable or denies access, no further requests are sent.
/// </summary>
internal sealed class WorkflowReport(ITrackingStore store, Run run)
{
    private readonly List<MlflowException> _errors = [];
    private readonly List<string> _warnings = [];
    private readonly List<ArtifactResult> _artifacts = [];
    private volatile bool _isAway;

    public IReadOnlyList<MlflowException> Errors
    {
        get
        {
            lock (_errors)
                return [.. _errors];
        }
    }

    public IReadOnlyList<string> Warnings => _warnings;

    public IReadOnlyList<ArtifactResult> Artifacts => _artifacts;

    public void Warn(IEnumerable<string> warnings) => _warnings.AddRange(warnings);

    /// <summary>Runs one step; false if it failed without being cancelled. The last step is tried in any case.</summary>
    public async Task<bool> TryAsync(string what, Func<Task> step, bool isLast = false)
    {
        if (_isAway && !isLast)
            return false;
        try
        {
            await step().ConfigureAwait(false);
            return true;
        }
        catch (Exception e) when (e is MlflowException or IOException or UnauthorizedAccessException)
        {
            var known = e as MlflowException;
            _isAway = known?.EndsOperation() == true;
            Add(new MlflowException(ErrorKind.ReportingFailed, $"{what} of run {run.RunId} could not be reported. {e.Message}", e) { Target = run.RunId });
            return false;
        }
    }

    public Task WriteAsync(string what, RunData data, CancellationToken cancellationToken) => data.Count == 0
        ? Task.CompletedTask
        : TryAsync(what, () => store.WriteAsync(run.RunId, data, cancellationToken));

    /// <summary>Logs the datasets that the workflow reads.</summary>
    public Task InputsAsync(AnovosConfig config, string? basePath, CancellationToken cancellationToken) => TryAsync("The inputs", async () =>
    {
        IReadOnlyList<DatasetInput> inputs =
            await WorkflowInputs.OfAsync(config, basePath, store.Limits, cancellationToken).ConfigureAwait(false);
        await store.LogInputsAsync(run.RunId, inputs, cancellationToken).ConfigureAwait(false);
    });

    /// <summary>Sends the outputs that the selection allows.</summary>
    public async Task OutputsAsync(
        IReadOnlyList<ScannedOutput> outputs, OutputSelection selection, bool compress, CancellationToken cancellationToken)
    {
        using var sources = new BucketSources(new BucketAccess(store, onRetry: null, _warnings.Add));
        OutputSelection.Selected selected = selection.Of(await new RemoteScan(sources).FillAsync(outputs, all: false, cancellationToken).ConfigureAwait(false), run.RunId, sources.Of);
        _warnings.AddRange(selected.Warnings);
        _artifacts.AddRange(selected.NotSent);
        foreach (ArtifactResult row in selected.NotSent.Where(row => row.Status == ArtifactStatus.Failed))
            Add(new MlflowException(ErrorKind.ReportingFailed, $"{row.ArtifactPath} was not sent: {row.Reason}.") { Target = row.Path });
        if (!compress)
        {
            await SendAsync("The outputs", selected.Uploads, cancellationToken).ConfigureAwait(false);
            return;
        }

        using var folder = new ZipFolder();
        IReadOnlyList<ArtifactUpload> zips = await folder.WriteAllAsync(
            ArtifactBundle.ByFolder(selected.Uploads), _ => { }, Completed, cancellationToken).ConfigureAwait(false);
        await SendAsync("The outputs", zips, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Sends files. Files that the run already has, for example from Anovos itself, are not sent again.</summary>
    public Task<bool> SendAsync(string what, IReadOnlyList<ArtifactUpload> uploads, CancellationToken cancellationToken) => TryAsync(what, async () =>
    {
        if (uploads.Count == 0)
            return;
        using IArtifactStore artifacts = ArtifactStores.Open(run, store);
        var policy = new SendPolicy(new SentJournal(run.RunId), Resend: false, Verify: false);
        await new ArtifactTransfer(artifacts, ArtifactTransfer.DefaultParallelism, policy).SendAsync(uploads, Completed, _ => { }, cancellationToken).ConfigureAwait(false);
    });

    private void Completed(ArtifactUploaded uploaded)
    {
        ArtifactResult row = ArtifactResult.Of(uploaded, run.RunId);
        lock (_errors)
            _artifacts.Add(row);
        if (uploaded.Error is { } error)
            Add(new MlflowException(ErrorKind.ReportingFailed, $"'{row.Path}' was not sent as '{row.ArtifactPath}': {error.Message}", error) { Target = row.Path });
    }

    private void Add(MlflowException error)
    {
        lock (_errors)
            _errors.Add(error);
    }
}
