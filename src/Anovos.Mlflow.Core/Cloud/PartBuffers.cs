using System.Collections.Concurrent;

namespace Anovos.Mlflow.Cloud;

/// <summary>Bounds how many parts are under way in a store together, and with that the memory they take.</summary>
internal sealed class PartBuffers
{
    // Of 8 MiB each; more at once gains nothing on one connection to a cloud.
    private const int MaximumBuffers = 8;

    private readonly SemaphoreSlim _free = new(MaximumBuffers);
    private readonly ConcurrentBag<byte[]> _usual = [];

    /// <summary>Waits for a place and takes it; the buffer may be longer than asked for.</summary>
    public async Task<byte[]> TakeAsync(int length, CancellationToken cancellationToken)
    {
        await _free.WaitAsync(cancellationToken).ConfigureAwait(false);
        if (length < PartPlan.DefaultPartLength / 2 || length > PartPlan.DefaultPartLength)
            return new byte[length];
        return _usual.TryTake(out byte[]? buffer) ? buffer : new byte[PartPlan.DefaultPartLength];
    }

    /// <summary>Gives a place back.</summary>
    public void Return(byte[] buffer)
    {
        if (buffer.Length == PartPlan.DefaultPartLength)
            _usual.Add(buffer);
        _free.Release();
    }
}
