using System.Collections.Concurrent;

namespace Anovos.Mlflow.Cloud;

/// <summary>Limits the number of parts that are in progress in a store at the same time, and so the memory that they use.</summary>
internal sealed class PartBuffers
{
    // 8 MiB each; more parts at the same time gain nothing on one connection to a cloud.
    private const int MaximumBuffers = 8;

    private readonly SemaphoreSlim _free = new(MaximumBuffers);
    private readonly ConcurrentBag<byte[]> _usual = [];

    /// <summary>Waits for a free buffer and takes it. It may be longer than requested.</summary>
    public async Task<byte[]> TakeAsync(int length, CancellationToken cancellationToken)
    {
        await _free.WaitAsync(cancellationToken).ConfigureAwait(false);
        if (length < PartPlan.DefaultPartLength / 2 || length > PartPlan.DefaultPartLength)
            return new byte[length];
        return _usual.TryTake(out byte[]? buffer) ? buffer : new byte[PartPlan.DefaultPartLength];
    }

    /// <summary>Gives a buffer back.</summary>
    public void Return(byte[] buffer)
    {
        if (buffer.Length == PartPlan.DefaultPartLength)
            _usual.Add(buffer);
        _free.Release();
    }
}
