namespace Anovos.Mlflow.Artifacts;

/// <summary>
/// Downloads a large artifact in parallel ranges, and resumes an earlier download. The response to the first request shows whether the
/// store returns ranges; a response with the whole artifact is read to its end.
/// </summary>
/// <param name="source">The artifact.</param>
/// <param name="partial">The bytes that were received before.</param>
/// <param name="length">The listed length.</param>
/// <param name="received">Called with the bytes received since the last call; negative when some are discarded.</param>
internal sealed class RangedDownload(RangeSource source, PartialFile partial, long length, Action<long> received)
{
    private const int Workers = 4;
    private const int Attempts = 3;

    private long _counted;

    /// <summary>Downloads it. Returns false if the store's ranges cannot be trusted, so that a download as a whole is needed.</summary>
    /// <exception cref="MlflowException">The store failed or denied it; the received bytes are kept.</exception>
    public async Task<bool> RunAsync(CancellationToken cancellationToken)
    {
        try
        {
            for (int attempt = 1; ; attempt++)
            {
                try
                {
                    return await RunOnceAsync(cancellationToken).ConfigureAwait(false);
                }
                catch (OtherContentException) when (attempt < Attempts)
                {
                    partial.Reset();
                    TakeBack();
                }
                catch (OtherContentException e)
                {
                    throw new MlflowException(
                        ErrorKind.ArtifactReceiveFailed,
                        "The artifact was replaced repeatedly during the download. Try again when no other program is writing to it.",
                        e);
                }
            }
        }
        catch
        {
            TakeBack();
            throw;
        }
    }

    private async Task<bool> RunOnceAsync(CancellationToken cancellationToken)
    {
        IReadOnlyList<ByteRange> missing = partial.Missing(source.Address, length);
        Count(length - missing.Sum(range => range.Length));

        // The bytes are trusted only if the store still returns the same ETag, so at least one byte is always requested.
        if (missing.Count == 0)
            missing = [new ByteRange(length - 1, length)];
        ByteRange[] pieces = [.. missing.SelectMany(range => range.Split(source.Options.Multipart.RangeBytes))];
        var first = new TaskCompletionSource<Mode>(TaskCreationOptions.RunContinuationsAsynchronously);
        await ParallelWork.RunAsync(pieces, Workers, PieceAsync, cancellationToken).ConfigureAwait(false);
        return await first.Task.ConfigureAwait(false) != Mode.Untrusted;

        async Task PieceAsync(ByteRange piece, CancellationToken token)
        {
            if (piece == pieces[0])
            {
                await ReceiveAsync(piece, mode => first.TrySetResult(mode), token).ConfigureAwait(false);
                return;
            }

            if (!first.Task.IsCompleted)
                await Task.WhenAny(first.Task, Task.Delay(Timeout.Infinite, token)).ConfigureAwait(false);
            token.ThrowIfCancellationRequested();
            if (first.Task.Result == Mode.Ranges)
                await ReceiveAsync(piece, ThrowUnlessRanges, token).ConfigureAwait(false);
        }
    }

    private static void ThrowUnlessRanges(Mode mode)
    {
        if (mode != Mode.Ranges)
            throw new OtherContentException();
    }

    // If the connection is lost within the piece, the next attempt resumes there.
    private Task ReceiveAsync(ByteRange piece, Action<Mode> begun, CancellationToken cancellationToken)
    {
        ByteRange left = piece;
        bool isWhole = false;
        return source.RunAsync(
            async (moved, time) =>
            {
                if (isWhole)
                    TakeBack();
                try
                {
                    await source.RequestAsync(left, Begin, Moved, time, cancellationToken).ConfigureAwait(false);
                }
                catch (UntrustedRangesException)
                {
                    return;
                }

                if (left.Length > 0)
                {
                    string message = $"The response from {source.Address} ended {left.Length} bytes early.";
                    throw new MlflowException(ErrorKind.ArtifactReceiveFailed, message) { Target = source.Address, IsTransient = true };
                }

                void Moved(long bytes)
                {
                    moved(bytes);
                    Count(bytes);
                    left = left with { From = left.From + bytes };
                }
            },
            cancellationToken);

        Stream Begin(RangeHead head)
        {
            if (head.IsWhole)
            {
                begun(Mode.Whole);
                (isWhole, left) = (true, new ByteRange(0, length));
                partial.Reset();
                TakeBack();
                FileStream all = partial.Write();
                all.SetLength(0);
                return new RangeStream(all, left, _ => { });
            }

            if (isWhole)
                throw new OtherContentException();
            if (head.ETag is null || head.Length != length)
            {
                begun(Mode.Untrusted);
                throw new UntrustedRangesException();
            }

            if ((partial.ETag ?? head.ETag) != head.ETag)
                throw new OtherContentException();
            partial.Begin(source.Address, head.ETag, length);
            begun(Mode.Ranges);
            FileStream file = partial.Write();
            file.Position = left.From;
            return new RangeStream(file, left, partial.Add);
        }
    }

    private void Count(long bytes)
    {
        Interlocked.Add(ref _counted, bytes);
        received(bytes);
    }

    private void TakeBack() => received(-Interlocked.Exchange(ref _counted, 0));

    private enum Mode
    {
        /// <summary>Each response has the requested bytes.</summary>
        Ranges,

        /// <summary>The first response has all bytes.</summary>
        Whole,

        /// <summary>Nothing shows whether the ranges belong to the same content.</summary>
        Untrusted,
    }

    // Not failures, but reasons to start again, or to download the artifact as a whole.
    private sealed class OtherContentException : IOException;

    private sealed class UntrustedRangesException : IOException;
}
