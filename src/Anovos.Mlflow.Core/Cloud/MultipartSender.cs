using Anovos.Mlflow.Artifacts;

namespace Anovos.Mlflow.Cloud;

/// <summary>
/// Sends a source in concurrent parts. Retries each part on its own, and skips parts that the store has already. Reads the source
/// once and in order, so that the hash is that of the bytes sent.
/// </summary>
internal sealed class MultipartSender(ArtifactSource source, IMultipartUpload target, PartBuffers buffers)
{
    /// <summary>Sends the source. Calls <paramref name="sent"/> with the bytes of each part that the store has.</summary>
    /// <exception cref="MlflowException">The store denied it, or could not be reached.</exception>
    /// <exception cref="UploadLostException">The resumed upload cannot continue.</exception>
    /// <exception cref="IOException">The source could not be read, or became shorter.</exception>
    public async Task<ArtifactContent> RunAsync(Action<long> sent, CancellationToken cancellationToken)
    {
        var plan = PartPlan.Of(source.State.Length, target.MaxParts);
        using var held = target as IDisposable;
        using Stream stream = await source.OpenAsync(cancellationToken).ConfigureAwait(false);
        using var meter = new HashingStream(Stream.Null, plan.Length);
        if (plan.Count > 1)
            await target.CreateAsync(plan, cancellationToken).ConfigureAwait(false);
        try
        {
            await SendPartsAsync(plan, stream, meter, sent, cancellationToken).ConfigureAwait(false);
            if (plan.Count > 1)
                await target.CompleteAsync(plan, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception e) when (plan.Count > 1 && !cancellationToken.IsCancellationRequested
            && e is not (UploadLostException or MlflowException { IsTransient: true }))
        {
            // An upload that failed with a transient error can resume later; this one cannot.
            await target.AbortAsync(cancellationToken).ConfigureAwait(false);
            throw;
        }

        return meter.Finish();
    }

    private async Task SendPartsAsync(PartPlan plan, Stream stream, HashingStream meter, Action<long> sent, CancellationToken cancellationToken)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        List<Task> underWay = [];
        try
        {
            for (int i = 0; i < plan.Count; i++)
            {
                Task sending = SendAsync(await ReadAsync(i).ConfigureAwait(false));
                if (target.IsSequential)
                    await sending.ConfigureAwait(false);
                else
                    underWay.Add(sending);
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // Cancelled by a part that failed. Its error is the one to throw.
            underWay.Add(Task.FromCanceled(stop.Token));
        }
        catch (Exception e)
        {
            stop.Cancel();
            underWay.Insert(0, Task.FromException(e));
        }

        await Task.WhenAll(underWay).ConfigureAwait(false);

        async Task<Part> ReadAsync(int index)
        {
            int length = plan.LengthOf(index);
            byte[] buffer = await buffers.TakeAsync(length, stop.Token).ConfigureAwait(false);
            try
            {
                await FillAsync(stream, buffer, length, stop.Token).ConfigureAwait(false);
                meter.Write(buffer, 0, length);
                return new Part(index, buffer, length);
            }
            catch
            {
                buffers.Return(buffer);
                throw;
            }
        }

        Task SendAsync(Part part) => Task.Run(
            async () =>
            {
                try
                {
                    if (plan.Count == 1)
                        await target.PutAsync(part, stop.Token).ConfigureAwait(false);
                    else if (!target.Has(part))
                        await target.UploadPartAsync(part, stop.Token).ConfigureAwait(false);
                    sent(part.Length);
                }
                catch
                {
                    stop.Cancel();
                    throw;
                }
                finally
                {
                    buffers.Return(part.Buffer);
                }
            },
            CancellationToken.None);
    }

    private async Task FillAsync(Stream stream, byte[] buffer, int length, CancellationToken cancellationToken)
    {
        for (int filled = 0; filled < length;)
        {
            int read = await stream.ReadAsync(buffer, filled, length - filled, cancellationToken).ConfigureAwait(false);
            if (read == 0)
                throw new IOException($"{source} became shorter during the upload. Send it again when no other program is writing to it.");
            filled += read;
        }
    }
}
