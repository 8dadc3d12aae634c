namespace Anovos.Mlflow.Artifacts;

/// <summary>Which files a transfer skips, and whether it verifies them.</summary>
/// <param name="Journal">The files that this machine sent before; null to send everything and record nothing.</param>
/// <param name="Resend">Sends files that the run has already.</param>
/// <param name="Verify">Reads files back, both sent and skipped, and compares them.</param>
public sealed record SendPolicy(SentJournal? Journal, bool Resend, bool Verify);

/// <summary>Sends one file unless the run has it already, and checks that the file did not change in the meantime.</summary>
internal sealed class ArtifactSender(IArtifactStore store, SendPolicy policy)
{
    /// <summary>Sends the file and returns null, or returns why it was skipped.</summary>
    /// <param name="upload">The upload.</param>
    /// <param name="remoteLength">The length of the artifact in the run; null if there is none, or it is unknown.</param>
    /// <param name="sent">Called with the number of bytes sent since the last call.</param>
    /// <param name="cancellationToken">Cancels the upload.</param>
    public async Task<string?> SendAsync(ArtifactUpload upload, long? remoteLength, Action<long> sent, CancellationToken cancellationToken)
    {
        if (remoteLength is { } length && await WhyUnchangedAsync(upload, length, cancellationToken).ConfigureAwait(false) is { } why)
            return why;
        long began = DateTime.UtcNow.Ticks;
        FileState before = upload.Source.State;
        ArtifactContent? content = await store.SendAsync(upload.Source, upload.ArtifactPath, sent, cancellationToken).ConfigureAwait(false);
        FileState after = upload.Source.State;
        bool changed = before != after || (content is not null && content.Length != before.Length);
        if (!changed && content is not null && !FileState.IsSettled(before.Written, began))
            changed = content != await upload.Source.MeasureAsync(cancellationToken).ConfigureAwait(false);
        if (changed)
            throw Failed(upload, $"The file changed during the upload ({before.Length} bytes before, {after.Length} after). Send it again when no other program is writing to it.");
        if (policy.Verify)
            content ??= await upload.Source.MeasureAsync(cancellationToken).ConfigureAwait(false);
        if (policy.Verify && content is not null && await ReadBackAsync(upload.ArtifactPath, content.Length, cancellationToken).ConfigureAwait(false) is var back && back != content)
            throw Failed(upload, $"The bytes that were read back differ from those that were sent: {back.Length} bytes with SHA-256 {back.Sha256} instead of {content.Length} with {content.Sha256}. Send it again.");
        Record(upload, before, content?.Sha256, began);
        return null;
    }

    private async Task<string?> WhyUnchangedAsync(ArtifactUpload upload, long remoteLength, CancellationToken cancellationToken)
    {
        if (policy.Resend || policy.Journal is not { } journal)
            return null;
        long began = DateTime.UtcNow.Ticks;
        FileState local = upload.Source.State;
        if (local.Length != remoteLength)
            return null;
        if (local.Length == 0)
            return "the run already has it, and both are empty";
        SentFile? record = journal.Find(upload.ArtifactPath) is { } found && found.Length == local.Length ? found : null;
        if (policy.Verify || (store.IsLocal && record is null))
        {
            ArtifactContent here = await upload.Source.MeasureAsync(cancellationToken).ConfigureAwait(false);
            if (here.Length != local.Length || here != await TryReadBackAsync(upload.ArtifactPath, remoteLength, cancellationToken).ConfigureAwait(false))
                return null;
            Record(upload, local, here.Sha256, began);
            return "the run already has it, byte for byte";
        }

        if (record is null)
            return null;
        bool atRest = record.Path == upload.Source.Location && record.Written == local.Written && record.ETag == local.ETag && FileState.IsSettled(record.Written, record.Sent);
        if (!atRest)
        {
            if (record.Sha256 is null)
                return null;

            // Touched, moved, or written just before it was sent: compare the content.
            ArtifactContent here = await upload.Source.MeasureAsync(cancellationToken).ConfigureAwait(false);
            if (here.Length != local.Length || here.Sha256 != record.Sha256)
                return null;
            Record(upload, local, here.Sha256, began);
        }

        return "the run already has it, sent from this machine";
    }

    private async Task<ArtifactContent?> TryReadBackAsync(string artifactPath, long length, CancellationToken cancellationToken)
    {
        try
        {
            return await ReadBackAsync(artifactPath, length, cancellationToken).ConfigureAwait(false);
        }
        catch (MlflowException e) when (!e.EndsTransfer())
        {
            // The artifact cannot be read, so replace it.
            return null;
        }
    }

    private async Task<ArtifactContent> ReadBackAsync(string artifactPath, long length, CancellationToken cancellationToken)
    {
        using var meter = new HashingStream(Stream.Null, length);
        await store.ReceiveAsync(artifactPath, meter, _ => { }, cancellationToken).ConfigureAwait(false);
        return meter.Finish();
    }

    private void Record(ArtifactUpload upload, FileState state, string? sha256, long began) =>
        policy.Journal?.Add(new SentFile(upload.ArtifactPath, upload.Source.Location, state.Length, state.Written, sha256, began) { ETag = state.ETag });

    private static MlflowException Failed(ArtifactUpload upload, string message) => new(ErrorKind.ArtifactSendFailed, message) { Target = upload.ArtifactPath };
}
