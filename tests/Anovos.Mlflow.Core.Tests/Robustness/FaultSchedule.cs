using System.Collections.Concurrent;
using Anovos.Mlflow.TestServer;
using Microsoft.AspNetCore.Http;

namespace Anovos.Mlflow.Tests.Robustness;

/// <summary>
/// Decides for each request what goes wrong with it. The same seed decides alike for the same request, whatever other
/// requests are under way; after five faults in a row a request goes through, so that retries suffice.
/// </summary>
internal sealed class FaultSchedule(int seed)
{
    private const int LongestRow = 5;

    private readonly ConcurrentDictionary<string, (int Requests, int Faults)> _history = new();
    private int _happened;

    /// <summary>How many faults there were.</summary>
    public int Happened => _happened;

    public Task ApplyAsync(HttpContext context, Func<Task> handle)
    {
        string key = $"{context.Request.Method} {context.Request.Path}";
        Fault? fault = null;
        _history.AddOrUpdate(key, _ => Next((0, 0)), (_, history) => Next(history));
        if (fault is not null)
            Interlocked.Increment(ref _happened);
        return fault?.Invoke(context, handle) ?? handle();

        (int, int) Next((int Requests, int Faults) history)
        {
            var chance = new Random(Hash($"{seed} {key} {history.Requests}"));
            fault = history.Faults < LongestRow ? Draw(chance) : null;
            return (history.Requests + 1, fault is null ? 0 : history.Faults + 1);
        }
    }

    private static Fault? Draw(Random chance) => chance.Next(20) switch
    {
        0 => Faults.CloseBefore,
        1 or 2 => Faults.CloseAfter,
        3 => Faults.Delay(TimeSpan.FromMilliseconds(chance.Next(1, 6))),
        4 => Faults.Answer(429, """{"error_code": "REQUEST_LIMIT_EXCEEDED", "message": "slow down"}""", headers: ("Retry-After", "0")),
        5 => Faults.Unavailable(),
        6 => Faults.Answer(500, """{"error_code": "INTERNAL_ERROR", "message": "a lock"}"""),
        7 or 8 => Faults.Truncate(chance.Next(200)),

        // None at all would be an answer: an empty body means {}.
        9 => Faults.ShortLength(1),
        10 => Faults.Reset,
        11 => Faults.CloseWithin(chance.Next(2000)),
        12 => Faults.ProxyPage(504),
        _ => null,
    };

    // string.GetHashCode differs from process to process.
    private static int Hash(string text) => unchecked((int)text.Aggregate(2166136261u, (hash, c) => (hash ^ c) * 16777619u));
}
