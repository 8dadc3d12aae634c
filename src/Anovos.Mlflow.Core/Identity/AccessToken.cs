namespace Anovos.Mlflow.Identity;

/// <summary>A bearer token and its lifetime. <see cref="ToString"/> does not show the token.</summary>
internal sealed record AccessToken(string Value, DateTimeOffset IssuedAt, DateTimeOffset ExpiresAt)
{
    // A request must not outlive its token. A token with a lifetime of a few minutes is still used for most of it.
    private static readonly TimeSpan Margin = TimeSpan.FromMinutes(5);

    /// <summary>Whether a new token should be fetched.</summary>
    public bool IsAging(DateTimeOffset now)
    {
        TimeSpan fifth = TimeSpan.FromTicks((ExpiresAt - IssuedAt).Ticks / 5);
        return ExpiresAt - now < (fifth < Margin ? fifth : Margin);
    }

    /// <summary>Whether the token has expired.</summary>
    public bool IsExpired(DateTimeOffset now) => now >= ExpiresAt;

    /// <inheritdoc/>
    public override string ToString() => "a token";
}

/// <summary>Caches a token for several threads. Fetches a new one before it expires, and never two at the same time.</summary>
internal sealed class TokenCache(Func<CancellationToken, Task<AccessToken>> fetch, Func<DateTimeOffset> clock)
{
    private readonly SemaphoreSlim _fetching = new(1, 1);
    private volatile AccessToken? _token;

    /// <summary>Returns a valid token.</summary>
    public async Task<AccessToken> GetAsync(CancellationToken cancellationToken)
    {
        if (_token is { } token && !token.IsAging(clock()))
            return token;
        await _fetching.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            if (_token is { } other && !other.IsAging(clock()))
                return other;
            return _token = await fetch(cancellationToken).ConfigureAwait(false);
        }
        catch (MlflowException e) when (e.IsTransient && _token is { } old && !old.IsExpired(clock()))
        {
            // The old token is still valid for a while, and by then the endpoint may respond again.
            return old;
        }
        finally
        {
            _fetching.Release();
        }
    }

    /// <summary>Forgets a rejected token, unless it was already replaced.</summary>
    public void Forget(string value)
    {
        if (_token is { } token && token.Value == value)
            _token = null;
    }
}
