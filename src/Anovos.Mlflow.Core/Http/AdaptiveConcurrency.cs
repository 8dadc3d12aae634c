using System.Diagnostics;

namespace Anovos.Mlflow.Http;

/// <summary>
/// Limits the concurrent transfers to one server, and finds the best limit by multiplicative increase and multiplicative decrease
/// (MIMD): it doubles the limit while the throughput rises, halves it if that costs no throughput, and halves it immediately when the
/// server throttles (429, 503). Thread-safe.
/// </summary>
/// <remarks>
/// <code>
/// Settled ── probe due ──▶ ProbingUp or ProbingDown, in turn
/// Probing ── better ─────▶ probes again in the same direction
/// Probing ── not better ─▶ Settled at the previous limit; the next probe is later and in the other direction
/// any ────── throttled ──▶ BackingOff ── window ends ──▶ Settled; the next probe is up, and as late as possible
/// </code>
/// Throughput is measured in windows of at least <see cref="CompletionsPerSlot"/> transfers per slot.
/// </remarks>
/// <param name="clock">Returns the elapsed time; by default this machine's.</param>
internal sealed class AdaptiveConcurrency(Func<TimeSpan>? clock = null)
{
    /// <summary>The highest limit.</summary>
    public const int MaximumLimit = 64;

    private const int InitialLimit = 4;
    private const int CompletionsPerSlot = 4;

    /// <summary>In windows. A failed probe doubles the interval to the next, up to this.</summary>
    private const int MaximumProbeInterval = 16;

    /// <summary>A smaller gain may be noise.</summary>
    private const double SignificantGain = 1.1;

    /// <summary>The fixed cost of a file, in bytes, so that a change of the file size does not look like a change of the throughput.</summary>
    private const int OverheadPerFile = 256 << 10;

    private static readonly TimeSpan MinimumWindow = TimeSpan.FromMilliseconds(100);

    private readonly Func<TimeSpan> _clock = clock ?? (() => TimeSpan.FromSeconds((double)Stopwatch.GetTimestamp() / Stopwatch.Frequency));
    private readonly AsyncLimiter _slots = new(InitialLimit);
    private readonly object _lock = new();

    // The current window.
    private TimeSpan _windowStart;
    private double _windowBytes;
    private int _windowCompletions;

    // The throughput at the settled limit, in bytes per second; 0 if unknown.
    private double _baseline;
    private int _settledLimit = InitialLimit;
    private ConcurrencyState _nextProbe = ConcurrencyState.ProbingUp;
    private int _probeInterval = 1, _windowsUntilProbe = 1;
    private int _paused;

    /// <summary>The current maximum of concurrent transfers.</summary>
    public int Limit { get; private set; } = InitialLimit;

    /// <summary>The current state.</summary>
    public ConcurrencyState State { get; private set; }

    /// <summary>Waits for a slot, which the caller must <see cref="Release"/>.</summary>
    public Task AcquireAsync(CancellationToken cancellationToken) => _slots.AcquireAsync(cancellationToken);

    /// <summary>Returns a slot.</summary>
    public void Release() => _slots.Release();

    /// <summary>Starts a new measurement, because the time since the last transfer says nothing about the server.</summary>
    public void StartWindow()
    {
        TimeSpan now = _clock();
        lock (_lock)
            StartWindow(now);
    }

    /// <summary>Counts a completed transfer.</summary>
    public void RecordCompletion(long bytes)
    {
        TimeSpan now = _clock();
        lock (_lock)
        {
            _windowBytes += bytes + OverheadPerFile;
            TimeSpan elapsed = now - _windowStart;
            if (++_windowCompletions < CompletionsPerSlot * Limit || elapsed < MinimumWindow)
                return;
            EndWindow(_windowBytes / elapsed.TotalSeconds);
            StartWindow(now);
        }
    }

    /// <summary>Halves the limit, once per window: all throttled requests of a window exceeded the same limit.</summary>
    public void RecordThrottling()
    {
        lock (_lock)
        {
            if (State == ConcurrencyState.BackingOff)
                return;
            _baseline = 0;
            (_nextProbe, _probeInterval) = (ConcurrencyState.ProbingUp, MaximumProbeInterval);
            Settle(Math.Max(1, Limit / 2));
            State = ConcurrencyState.BackingOff;
        }
    }

    /// <summary>Waits before a throttled request is retried. In the meantime another transfer may use its slot.</summary>
    public async Task PauseAsync(TimeSpan delay, CancellationToken cancellationToken)
    {
        RecordThrottling();
        AddPaused(1);
        try
        {
            await Task.Delay(delay, cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            AddPaused(-1);
        }
    }

    private void StartWindow(TimeSpan now)
    {
        (_windowStart, _windowBytes, _windowCompletions) = (now, 0, 0);
        if (State == ConcurrencyState.BackingOff)
            State = ConcurrencyState.Settled;
    }

    private void EndWindow(double throughput)
    {
        switch (State)
        {
            case ConcurrencyState.Settled:
                _baseline = _baseline == 0 ? throughput : (_baseline + throughput) / 2;
                if (--_windowsUntilProbe <= 0)
                    Probe();
                break;
            case ConcurrencyState.ProbingUp when throughput >= _baseline * SignificantGain:
            case ConcurrencyState.ProbingDown when throughput >= _baseline:
                (_baseline, _probeInterval) = (throughput, 1);
                Settle(Limit);
                Probe();
                break;
            case ConcurrencyState.ProbingUp or ConcurrencyState.ProbingDown:
                ReverseProbes();
                _probeInterval = Math.Min(2 * _probeInterval, MaximumProbeInterval);
                Settle(_settledLimit);
                break;
            case ConcurrencyState.BackingOff:
                // The window was measured at two limits, so its throughput means nothing.
                break;
        }
    }

    private void Probe()
    {
        int limit = _nextProbe == ConcurrencyState.ProbingUp ? Math.Min(MaximumLimit, 2 * _settledLimit) : Math.Max(1, _settledLimit / 2);
        if (limit == _settledLimit)
        {
            ReverseProbes();
            Settle(_settledLimit);
            return;
        }

        State = _nextProbe;
        SetLimit(limit);
    }

    private void ReverseProbes() =>
        _nextProbe = _nextProbe == ConcurrencyState.ProbingUp ? ConcurrencyState.ProbingDown : ConcurrencyState.ProbingUp;

    private void Settle(int limit)
    {
        (State, _settledLimit, _windowsUntilProbe) = (ConcurrencyState.Settled, limit, _probeInterval);
        SetLimit(limit);
    }

    private void AddPaused(int count)
    {
        lock (_lock)
        {
            _paused += count;
            SetLimit(Limit);
        }
    }

    private void SetLimit(int limit)
    {
        Limit = limit;
        _slots.Resize(limit + _paused);
    }
}
