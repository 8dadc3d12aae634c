using System.Diagnostics;

namespace Anovos.Mlflow.Http;

/// <summary>A request that failed and will be sent again.</summary>
/// <param name="Retry">1 for the first.</param>
/// <param name="MaxRetries">How many there may be.</param>
/// <param name="Wait">How long until then.</param>
/// <param name="Cause">Why, in the server's words or the connection's.</param>
public sealed record RetryNotice(int Retry, int MaxRetries, TimeSpan Wait, string Cause);

/// <summary>Repeats what failed for a reason that may pass.</summary>
internal sealed class Retrier(RetryPolicy policy, Action<RetryNotice> notify)
{
    private readonly Random _chance = new();

    /// <summary>How many transfers there are at once; fewer when an answer says that there are too many.</summary>
    public AdaptiveConcurrency Concurrency { get; } = new();

    /// <summary>Tries until it works, fails for good, or the policy gives up; then the last failure is thrown.</summary>
    /// <param name="attempt">The request; told how many came before it.</param>
    /// <param name="cancellationToken">Ends a wait, too, at once.</param>
    public async Task<T> RunAsync<T>(Func<int, Task<T>> attempt, CancellationToken cancellationToken)
    {
        var clock = Stopwatch.StartNew();
        for (int retries = 0; ; retries++)
        {
            TimeSpan wait;
            bool refused;
            try
            {
                return await attempt(retries).ConfigureAwait(false);
            }
            catch (MlflowException e) when (e.IsTransient && retries < policy.MaxRetries)
            {
                refused = e.StatusCode is 429 or 503;
                wait = policy.Wait(retries + 1, e.RetryAfter, Chance());
                if (clock.Elapsed + wait > policy.TotalTime)
                    throw;
                notify(new RetryNotice(retries + 1, policy.MaxRetries, wait, e.Message));
            }

            await (refused ? Concurrency.PauseAsync(wait, cancellationToken) : Task.Delay(wait, cancellationToken)).ConfigureAwait(false);
        }
    }

    // Random is not safe for several threads.
    private double Chance()
    {
        lock (_chance)
            return _chance.NextDouble();
    }
}
