using Anovos.Mlflow.Http;

namespace Anovos.Mlflow.Tests.Http;

/// <summary>Tests the transitions of <see cref="AdaptiveConcurrency"/>, window by window, with a clock that the test advances.</summary>
public sealed class ConcurrencyStateTests
{
    private readonly AdaptiveConcurrency _concurrency;
    private TimeSpan _now;

    public ConcurrencyStateTests() => _concurrency = new AdaptiveConcurrency(() => _now);

    [Fact]
    public void The_first_window_measures_and_the_second_probes_up()
    {
        AssertState(ConcurrencyState.Settled, 4);
        EndWindow(throughput: 1);
        AssertState(ConcurrencyState.ProbingUp, 8);
    }

    [Fact]
    public void A_probe_up_goes_on_while_each_step_gains_a_tenth()
    {
        EndWindow(1);
        EndWindow(1.11);
        AssertState(ConcurrencyState.ProbingUp, 16);
        EndWindow(1.11 * 1.11);
        AssertState(ConcurrencyState.ProbingUp, 32);
        EndWindow(1.11 * 1.11 * 1.09);
        AssertState(ConcurrencyState.Settled, 16);
    }

    [Fact]
    public void After_a_failed_probe_up_the_next_is_down_and_accepts_no_loss()
    {
        EndWindow(1);
        EndWindow(1.09);
        AssertState(ConcurrencyState.Settled, 4);
        Assert.Equal(2, WindowsUntilProbe(1));
        AssertState(ConcurrencyState.ProbingDown, 2);
        EndWindow(1);
        AssertState(ConcurrencyState.ProbingDown, 1);
        EndWindow(0.99);
        AssertState(ConcurrencyState.Settled, 2);
    }

    [Fact]
    public void Each_failed_probe_doubles_the_interval_to_the_next_up_to_sixteen_windows()
    {
        EndWindow(1);
        List<int> intervals = [];
        for (int i = 0; i < 6; i++)
        {
            EndWindow(0.5);
            AssertState(ConcurrencyState.Settled, 4);
            intervals.Add(WindowsUntilProbe(1));
        }

        Assert.Equal([2, 4, 8, 16, 16, 16], intervals);
    }

    [Fact]
    public void A_successful_probe_shortens_the_interval_again()
    {
        EndWindow(1);
        EndWindow(0.5);
        WindowsUntilProbe(1);
        EndWindow(0.5);
        WindowsUntilProbe(1);
        AssertState(ConcurrencyState.ProbingUp, 8);
        EndWindow(2);
        EndWindow(2);
        AssertState(ConcurrencyState.Settled, 8);
        Assert.Equal(2, WindowsUntilProbe(2));
    }

    [Fact]
    public void The_baseline_is_the_running_mean_of_the_settled_windows()
    {
        EndWindow(1);
        EndWindow(0.5);
        EndWindow(2);
        EndWindow(2.5);
        AssertState(ConcurrencyState.ProbingDown, 2);

        // ((1 + 2) / 2 + 2.5) / 2 = 2.
        EndWindow(1.99);
        AssertState(ConcurrencyState.Settled, 4);
    }

    [Fact]
    public void At_the_highest_limit_it_turns_to_probing_down()
    {
        for (double throughput = 1; _concurrency.Limit < AdaptiveConcurrency.MaximumLimit; throughput *= 2)
            EndWindow(throughput);
        AssertState(ConcurrencyState.ProbingUp, AdaptiveConcurrency.MaximumLimit);
        EndWindow(1000);
        AssertState(ConcurrencyState.Settled, AdaptiveConcurrency.MaximumLimit);
        EndWindow(1000);
        AssertState(ConcurrencyState.ProbingDown, AdaptiveConcurrency.MaximumLimit / 2);
    }

    [Fact]
    public void At_the_lowest_limit_it_turns_to_probing_up()
    {
        EndWindow(1);
        EndWindow(1);
        WindowsUntilProbe(1);
        EndWindow(1);
        EndWindow(1);
        AssertState(ConcurrencyState.Settled, 1);
        EndWindow(1);
        AssertState(ConcurrencyState.ProbingUp, 2);
    }

    [Theory]
    [InlineData(0, 2)]
    [InlineData(1, 4)]
    [InlineData(2, 8)]
    public void Throttled_it_halves_the_limit_in_force_and_ignores_the_rest_of_the_window(int windows, int limit)
    {
        for (int i = 0; i < windows; i++)
            EndWindow(Math.Pow(2, i));
        _concurrency.RecordThrottling();
        AssertState(ConcurrencyState.BackingOff, limit);
        _concurrency.RecordThrottling();
        AssertState(ConcurrencyState.BackingOff, limit);
        EndWindow(1000);
        AssertState(ConcurrencyState.Settled, limit);

        // The throughput of the ignored window is not in the baseline.
        Assert.Equal(16, WindowsUntilProbe(1));
        AssertState(ConcurrencyState.ProbingUp, 2 * limit);
        EndWindow(1.11);
        AssertState(ConcurrencyState.ProbingUp, 4 * limit);
    }

    [Fact]
    public void Throttled_while_it_probes_down_it_halves_again_and_probes_up_next()
    {
        EndWindow(1);
        EndWindow(1);
        WindowsUntilProbe(1);
        AssertState(ConcurrencyState.ProbingDown, 2);
        _concurrency.RecordThrottling();
        AssertState(ConcurrencyState.BackingOff, 1);
        EndWindow(1);
        Assert.Equal(16, WindowsUntilProbe(1));
        AssertState(ConcurrencyState.ProbingUp, 2);
    }

    [Fact]
    public void A_new_window_may_be_throttled_again()
    {
        _concurrency.RecordThrottling();
        _concurrency.StartWindow();
        AssertState(ConcurrencyState.Settled, 2);
        _concurrency.RecordThrottling();
        AssertState(ConcurrencyState.BackingOff, 1);
    }

    [Fact]
    public void A_window_has_four_completions_for_each_slot_and_a_tenth_of_a_second()
    {
        _now = TimeSpan.FromMilliseconds(99);
        Complete(20, 0);
        AssertState(ConcurrencyState.Settled, 4);
        _now = TimeSpan.FromMilliseconds(100);
        Complete(1, 0);
        AssertState(ConcurrencyState.ProbingUp, 8);
        _now += TimeSpan.FromHours(1);
        Complete((4 * 8) - 1, 0);
        AssertState(ConcurrencyState.ProbingUp, 8);
        Complete(1, 0);
        AssertState(ConcurrencyState.Settled, 4);
    }

    [Fact]
    public async Task As_many_get_a_slot_as_the_limit_has_and_more_when_a_probe_raises_it()
    {
        Task[] waits = [.. Enumerable.Range(0, 9).Select(_ => _concurrency.AcquireAsync(TestContext.Current.CancellationToken))];
        Assert.Equal(4, waits.Count(wait => wait.IsCompletedSuccessfully));
        EndWindow(1);
        await AdmittedAsync(Task.WhenAll(waits.Take(8)));
        Assert.False(waits[8].IsCompleted);
        _concurrency.Release();
        await AdmittedAsync(waits[8]);
    }

    [Fact]
    public async Task A_paused_transfer_lends_its_slot_until_it_goes_on()
    {
        using var go = new CancellationTokenSource();
        Task[] waits = [.. Enumerable.Range(0, 5).Select(_ => _concurrency.AcquireAsync(TestContext.Current.CancellationToken))];

        // Four transfers run, but the limit is two: the first two paused transfers free no slot.
        List<Task> pauses = [Pause(), Pause()];
        AssertState(ConcurrencyState.BackingOff, 2);
        Assert.False(waits[4].IsCompleted);
        pauses.Add(Pause());
        await AdmittedAsync(waits[4]);

        Task next = _concurrency.AcquireAsync(TestContext.Current.CancellationToken);
        go.Cancel();
        foreach (Task pause in pauses)
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => pause);
        for (int i = 0; i < 3; i++)
        {
            Assert.False(next.IsCompleted);
            _concurrency.Release();
        }

        Assert.False(next.IsCompleted);
        _concurrency.Release();
        await AdmittedAsync(next);

        Task Pause() => _concurrency.PauseAsync(Timeout.InfiniteTimeSpan, go.Token);
    }

    // The timeout only keeps a failing test from hanging.
    private static Task AdmittedAsync(Task wait) => wait.WaitAsync(TimeSpan.FromMinutes(1), TestContext.Current.CancellationToken);

    private void AssertState(ConcurrencyState state, int limit) => Assert.Equal((state, limit), (_concurrency.State, _concurrency.Limit));

    // Completes settled windows until the next probe, and returns their number.
    private int WindowsUntilProbe(double throughput)
    {
        for (int windows = 1; ; windows++)
        {
            Assert.Equal(ConcurrencyState.Settled, _concurrency.State);
            EndWindow(throughput);
            if (_concurrency.State != ConcurrencyState.Settled)
                return windows;
        }
    }

    // In units of 2^50 bytes per second, which divide evenly by the windows, minus the overhead added per file.
    private void EndWindow(double throughput)
    {
        _now += TimeSpan.FromSeconds(1);
        int count = 4 * _concurrency.Limit;
        Complete(count, (long)((1L << 50) * throughput / count) - (256 << 10));
    }

    private void Complete(int count, long bytes)
    {
        for (int i = 0; i < count; i++)
            _concurrency.RecordCompletion(bytes);
    }
}
