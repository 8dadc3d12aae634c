using System.Collections.Concurrent;
using Anovos.Mlflow.Artifacts;
using Anovos.Mlflow.Http;

namespace Anovos.Mlflow.Tests.Artifacts;

/// <summary>Bounded parallel work: order, limits, failures and cancellation.</summary>
public sealed class ParallelWorkTests
{
    private readonly int[] _items = [.. Enumerable.Range(0, 100)];
    private readonly AdaptiveConcurrency _concurrency = new();
    private int _running, _mostRunning;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task One_worker_works_in_order()
    {
        List<int> done = [];
        await ParallelWork.RunAsync(_items, 1, async (item, _) =>
        {
            await Task.Yield();
            done.Add(item);
        }, Token);
        Assert.Equal(_items, done);
    }

    [Fact]
    public async Task Every_item_is_worked_on_once_by_as_many_workers_as_are_allowed()
    {
        ConcurrentBag<int> done = [];
        using var all = new CountdownEvent(3);
        await ParallelWork.RunAsync(_items, 3, (item, _) => CountedAsync(() =>
        {
            // The first three can only continue together.
            if (item < 3)
            {
                all.Signal();
                all.Wait(Token);
            }

            done.Add(item);
        }), Token);
        Assert.Equal(_items, done.Order());
        Assert.Equal(3, _mostRunning);
    }

    [Theory]
    [InlineData(2, 2)]
    [InlineData(32, 4)]
    public async Task Neither_the_limit_nor_the_maximum_is_exceeded(int maximum, int expected)
    {
        ConcurrentBag<int> done = [];
        await ParallelWork.RunAsync(_items, _concurrency, maximum, async (item, _) =>
        {
            await CountedAsync(() => done.Add(item));
            return null;
        }, Token);
        Assert.Equal(_items, done.Order());
        Assert.InRange(_mostRunning, 1, expected);
    }

    [Fact]
    public async Task The_limit_stays_with_the_server_from_one_operation_to_the_next()
    {
        _concurrency.RecordThrottling();
        await RunAsync();
        Assert.InRange(_mostRunning, 1, 2);
        Assert.Equal(2, _concurrency.Limit);

        Task RunAsync() => ParallelWork.RunAsync(_items, _concurrency, 32, async (_, _) =>
        {
            await CountedAsync(() => { });
            return null;
        }, Token);
    }

    [Fact]
    public async Task Operations_on_one_server_share_its_slots()
    {
        await Task.WhenAll(Enumerable.Range(0, 3).Select(_ => ParallelWork.RunAsync(_items, _concurrency, 32, async (_, _) =>
        {
            await CountedAsync(() => { });
            return null;
        }, Token)));
        Assert.InRange(_mostRunning, 1, 4);
    }

    [Fact]
    public async Task The_first_failure_cancels_the_others_and_is_thrown_and_nothing_starts_after_it()
    {
        int started = 0;
        var allStarted = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var failure = new InvalidOperationException("fails");
        InvalidOperationException thrown = await Assert.ThrowsAsync<InvalidOperationException>(() =>
            ParallelWork.RunAsync(_items, _concurrency, 32, async (_, token) =>
            {
                int number = Interlocked.Increment(ref started);
                if (number == 4)
                    allStarted.SetResult();
                await allStarted.Task;
                if (number == 2)
                    throw failure;

                // The timeout only keeps this test from hanging if it fails.
                await Task.Delay(TimeSpan.FromMinutes(1), token);
                return null;
            }, Token));
        Assert.Same(failure, thrown);
        Assert.Equal(4, started);

        // The slots are free again.
        foreach (int _ in Enumerable.Range(0, 4))
            Assert.True(_concurrency.AcquireAsync(Token).IsCompletedSuccessfully);
    }

    [Fact]
    public async Task Cancelled_it_throws_and_frees_its_slots()
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Token);
        int started = 0;
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => ParallelWork.RunAsync(_items, _concurrency, 32, async (_, token) =>
        {
            if (Interlocked.Increment(ref started) == 4)
                stop.Cancel();
            await Task.Delay(Timeout.InfiniteTimeSpan, token);
            return null;
        }, stop.Token));
        Assert.Equal(4, started);
        foreach (int _ in Enumerable.Range(0, 4))
            Assert.True(_concurrency.AcquireAsync(Token).IsCompletedSuccessfully);
    }

    [Fact]
    public async Task Cancelled_before_it_begins_it_works_on_nothing_and_throws()
    {
        var cancelled = new CancellationToken(canceled: true);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => ParallelWork.RunAsync(_items, 4, (_, _) => Fail<bool>(), cancelled));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => ParallelWork.RunAsync(_items, _concurrency, 4, (_, _) => Fail<long?>(), cancelled));

        static Task<T> Fail<T>() => throw new InvalidOperationException("It was started.");
    }

    [Fact]
    public async Task Without_items_it_does_nothing() =>
        await ParallelWork.RunAsync<int>([], 4, (_, _) => throw new InvalidOperationException("There is none."), Token);

    private async Task CountedAsync(Action work)
    {
        int now = Interlocked.Increment(ref _running);
        for (int seen; now > (seen = Volatile.Read(ref _mostRunning));)
            Interlocked.CompareExchange(ref _mostRunning, now, seen);
        await Task.Yield();
        work();
        Interlocked.Decrement(ref _running);
    }
}
