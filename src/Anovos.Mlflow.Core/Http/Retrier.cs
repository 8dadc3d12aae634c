using System.Diagnostics;

namespace Anovos.Mlflow.Http;

/// <summary>A request that failed and will be retried.</summary>
/// <param name="Retry">1 for the first retry.</param>
/// <param name="MaxRetries">The maximum number of retries.</param>
/// <param name="Wait">The delay before the retry.</param>
/// <param name="Cause">The error message.</param>
public sealed record RetryNotice(int Retry, int MaxRetries, TimeSpan Wait, string Cause);

/// <summary>Retries operations that fail with a transient error.</summary>
internal sealed class Retrier(RetryPolicy policy, Action<RetryNotice> notify)
{
    private readonly Random _chance = new();

    /// <summary>The limit of concurrent transfers. Throttled responses (429, 503) lower it.</summary>
    public AdaptiveConcurrency Concurrency { get; } = new();

    /// <summary>Runs the operation until it succeeds, fails permanently, or exhausts the policy; then throws the last error.</summary>
    /// <param name="attempt">The request; receives the number of attempts already made.</param>
    /// <param name="cancellationToken">Cancels the operation and the delays between retries.</param>
    public async Task<T> RunAsync<T>(Func<int, Task<T>> attempt, CancellationToken cancellationToken)
    {
        var clock = Stopwatch.StartNew();
        for (int retries = 0; ; retries++)
        {
            TimeSpan wait;
            bool throttled;
            try
            {
                return await attempt(retries).ConfigureAwait(false);
            }
            catch (MlflowException e) when (e.IsTransient && retries < policy.MaxRetries)
            {
                throttled = e.IsThrottled();
                wait = policy.Wait(retries + 1, e.RetryAfter, Chance());
                if (clock.Elapsed + wait > policy.TotalTime)
                    throw;
                notify(new RetryNotice(retries + 1, policy.MaxRetries, wait, e.Message));
            }

            await (throttled ? Concurrency.PauseAsync(wait, cancellationToken) : Task.Delay(wait, cancellationToken)).ConfigureAwait(false);
        }
    }

    /// <summary>
    /// Applies a change, with the same retries. If a failure leaves open whether the server applied it, checks before the next attempt
    /// and before giving up: a proxy may give up earlier than the server behind it.
    /// </summary>
    /// <param name="attempt">The request.</param>
    /// <param name="isDone">Checks whether the change was applied.</param>
    /// <param name="cancellationToken">Cancels the operation and the delays between retries.</param>
    public async Task ChangeAsync(Func<Task> attempt, Func<Task<bool>> isDone, CancellationToken cancellationToken)
    {
        bool mayBeDone = false;
        try
        {
            await RunAsync(AttemptAsync, cancellationToken).ConfigureAwait(false);
        }
        catch (MlflowException) when (mayBeDone)
        {
            if (!await isDone().ConfigureAwait(false))
                throw;
        }

        async Task<bool> AttemptAsync(int retries)
        {
            if (mayBeDone && await isDone().ConfigureAwait(false))
                return true;
            try
            {
                await attempt().ConfigureAwait(false);
                return true;
            }
            catch (MlflowException e) when (e.MayHaveBeenDone())
            {
                mayBeDone = true;
                throw;
            }
        }
    }

    // Random is not thread-safe.
    private double Chance()
    {
        lock (_chance)
            return _chance.NextDouble();
    }
}
