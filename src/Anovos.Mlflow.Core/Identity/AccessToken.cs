namespace Anovos.Mlflow.Identity;

/// <summary>A bearer token and how long it holds. <see cref="ToString"/> does not show it.</summary>
internal sealed record AccessToken(string Value, DateTimeOffset IssuedAt, DateTimeOffset ExpiresAt)
{
    // A request on its way must not outlive its token; a token of a few minutes is used for most of them.
    private static readonly TimeSpan Margin = TimeSpan.FromMinutes(5);

    /// <summary>Whether it is better fetched anew.</summary>
    public bool IsAging(DateTimeOffset now)
    {
        TimeSpan fifth = TimeSpan.FromTicks((ExpiresAt - IssuedAt).Ticks / 5);
        return ExpiresAt - now < (fifth < Margin ? fifth : Margin);
    }

    /// <summary>Whether the server takes it no longer.</summary>
    public bool IsExpired(DateTimeOffset now) => now >= ExpiresAt;

    /// <inheritdoc/>
    public override string ToString() => "a token";
}

/// <summary>Keeps a token for many threads, fetches it before it expires, and never twice at once.</summary>
internal sealed class TokenCache(Func<CancellationToken, Task<AccessToken>> fetch, Func<DateTimeOffset> clock)
{
    private readonly SemaphoreSlim _fetching = new(1, 1);
    private volatile AccessToken? _token;

    /// <summary>A token that holds.</summary>
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
            // It still holds for a while, and by then the endpoint may answer.
            return old;
        }
        finally
        {
            _fetching.Release();
        }
    }

    /// <summary>Forgets a token that was refused, unless another one took its place.</summary>
    public void Forget(string value)
    {
        if (_token is { } token && token.Value == value)
            _token = null;
    }
}
