using System.Diagnostics;

namespace Anovos.Mlflow.Http;

/// <summary>
/// How many transfers a server is given at once: more as long as it then moves more in the same time, fewer where that moves no
/// less, and half as many when it says that there are too many. Found out by trying, window by window. Safe for several threads.
/// </summary>
/// <param name="clock">The time since some beginning; without it this machine's.</param>
internal sealed class AdaptiveConcurrency(Func<TimeSpan>? clock = null)
{
    /// <summary>No server is given more.</summary>
    public const int MaximumLimit = 64;

    private const int First = 4;
    private const int LongestPatience = 16;

    // Less than a tenth is chance.
    private const double WorthMore = 1.1;

    // What a file costs a server however small it is, in bytes of a large one: smaller files are no loss, and larger ones no gain.
    private const int BytesPerFile = 256 << 10;

    private static readonly TimeSpan ShortestWindow = TimeSpan.FromMilliseconds(100);

    private readonly Func<TimeSpan> _clock = clock ?? (() => TimeSpan.FromSeconds((double)Stopwatch.GetTimestamp() / Stopwatch.Frequency));
    private readonly object _lock = new();
    private TimeSpan _windowBegan;
    private double _moved, _usual;
    private int _completed, _wait = 1, _patience = 1;
    private int? _before;
    private bool _fewer, _refused;
    private int _away;

    /// <summary>There is room for more, though none has ended.</summary>
    public event Action? Freed;

    /// <summary>How many there should be at the server now.</summary>
    public int Limit { get; private set; } = First;

    /// <summary>How many may be under way: those at the server, and those that wait until they may come again; never more than <paramref name="most"/>.</summary>
    public int AtMost(int most) => Math.Min(most, Limit + Volatile.Read(ref _away));

    /// <summary>Transfers begin: the time until now was none of theirs.</summary>
    public void StartWindow()
    {
        lock (_lock)
            BeginWindow();
    }

    /// <summary>A transfer has ended.</summary>
    /// <param name="bytes">What it moved.</param>
    public void RecordCompletion(long bytes)
    {
        lock (_lock)
        {
            _moved += bytes + BytesPerFile;
            TimeSpan window = _clock() - _windowBegan;
            if (++_completed < 4 * Limit || window < ShortestWindow)
                return;
            if (!_refused)
                Judge(_moved / window.TotalSeconds);
            BeginWindow();
        }
    }

    /// <summary>The server says that it has too much to do. However many say so of one window, it was one limit.</summary>
    public void RecordThrottling()
    {
        lock (_lock)
        {
            if (_refused)
                return;
            _refused = true;
            (Limit, _before, _usual) = (Math.Max(1, Limit / 2), null, 0);
            (_wait, _patience, _fewer) = (LongestPatience, LongestPatience, false);
        }
    }

    /// <summary>After <see cref="RecordThrottling"/> waits until what was refused may come again; another takes its place meanwhile.</summary>
    public async Task PauseAsync(TimeSpan wait, CancellationToken cancellationToken)
    {
        RecordThrottling();
        Interlocked.Increment(ref _away);
        try
        {
            Freed?.Invoke();
            await Task.Delay(wait, cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            Interlocked.Decrement(ref _away);
        }
    }

    private void BeginWindow() => (_windowBegan, _moved, _completed, _refused) = (_clock(), 0, 0, false);

    private void Judge(double rate)
    {
        if (_before is { } before)
        {
            _before = null;
            if (rate >= _usual * (_fewer ? 1 : WorthMore))
            {
                (_usual, _patience) = (rate, 1);
                Try();
                return;
            }

            // As it was; and the next time the other way.
            Limit = before;
            (_fewer, _patience) = (!_fewer, Math.Min(2 * _patience, LongestPatience));
            _wait = _patience;
            return;
        }

        _usual = _usual == 0 ? rate : (_usual + rate) / 2;
        if (--_wait <= 0)
            Try();
    }

    private void Try()
    {
        int next = _fewer ? Math.Max(1, Limit / 2) : Math.Min(MaximumLimit, 2 * Limit);
        if (next == Limit)
            (_fewer, _wait) = (!_fewer, _patience);
        else
            (_before, Limit) = (Limit, next);
    }
}
