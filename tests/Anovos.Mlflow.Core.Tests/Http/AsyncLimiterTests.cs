using Anovos.Mlflow.Http;

namespace Anovos.Mlflow.Tests.Http;

/// <summary>Tests slots, waiters and changes of the capacity.</summary>
public sealed class AsyncLimiterTests
{
    private readonly AsyncLimiter _limiter = new(2);

    [Fact]
    public async Task Waiters_are_admitted_in_their_order()
    {
        Task[] waits = [.. Enumerable.Range(0, 4).Select(_ => AcquireAsync())];
        Assert.Equal([true, true, false, false], waits.Select(wait => wait.IsCompleted));
        _limiter.Release();
        await AdmittedAsync(waits[2]);
        Assert.False(waits[3].IsCompleted);
        _limiter.Release();
        await AdmittedAsync(waits[3]);
    }

    [Fact]
    public async Task A_larger_capacity_admits_at_once()
    {
        Task[] waits = [.. Enumerable.Range(0, 5).Select(_ => AcquireAsync())];
        _limiter.Resize(4);
        await AdmittedAsync(Task.WhenAll(waits.Take(4)));
        Assert.False(waits[4].IsCompleted);
    }

    [Fact]
    public async Task A_smaller_capacity_takes_no_slot_away_and_admits_none_until_the_rest_fit()
    {
        await AcquireAsync();
        await AcquireAsync();
        _limiter.Resize(1);
        Task third = AcquireAsync();
        _limiter.Release();
        Assert.False(third.IsCompleted);
        _limiter.Release();
        await AdmittedAsync(third);
    }

    [Fact]
    public async Task A_cancelled_waiter_is_skipped_and_takes_no_slot()
    {
        using var stop = new CancellationTokenSource();
        await AcquireAsync();
        await AcquireAsync();
        Task cancelled = _limiter.AcquireAsync(stop.Token), next = AcquireAsync();
        stop.Cancel();
        OperationCanceledException e = await Assert.ThrowsAnyAsync<OperationCanceledException>(() => cancelled);
        Assert.Equal(stop.Token, e.CancellationToken);
        Assert.False(next.IsCompleted);
        _limiter.Release();
        await AdmittedAsync(next);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => _limiter.AcquireAsync(stop.Token));
        _limiter.Release();
        await AdmittedAsync(AcquireAsync());
    }

    [Fact]
    public async Task Under_load_cancellation_and_resizing_no_slot_is_lost_and_none_is_given_twice()
    {
        int held = 0, most = 0;
        await AdmittedAsync(Task.WhenAll(Enumerable.Range(0, 16).Select(worker => Task.Run(async () =>
        {
            for (int i = 0; i < 500; i++)
            {
                using var stop = new CancellationTokenSource();
                Task wait = _limiter.AcquireAsync(stop.Token);
                if ((i + worker) % 3 == 0)
                    stop.Cancel();
                try
                {
                    await wait;
                }
                catch (OperationCanceledException)
                {
                    continue;
                }

                int now = Interlocked.Increment(ref held);
                for (int seen; now > (seen = Volatile.Read(ref most));)
                    Interlocked.CompareExchange(ref most, now, seen);
                await Task.Yield();
                Interlocked.Decrement(ref held);
                _limiter.Release();
                if (worker == 0)
                    _limiter.Resize(1 + (i % 4));
            }
        }))));

        Assert.InRange(most, 1, 4);
        _limiter.Resize(3);
        Task[] waits = [.. Enumerable.Range(0, 4).Select(_ => AcquireAsync())];
        Assert.Equal([true, true, true, false], waits.Select(wait => wait.IsCompleted));
    }

    // The timeout only keeps a failing test from hanging.
    private static Task AdmittedAsync(Task wait) => wait.WaitAsync(TimeSpan.FromMinutes(1), TestContext.Current.CancellationToken);

    private Task AcquireAsync() => _limiter.AcquireAsync(TestContext.Current.CancellationToken);
}
