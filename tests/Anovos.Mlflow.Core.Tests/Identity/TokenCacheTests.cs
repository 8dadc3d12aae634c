using Anovos.Mlflow.Databricks;
using Anovos.Mlflow.Identity;

namespace Anovos.Mlflow.Tests.Identity;

public class TokenCacheTests
{
    private DateTimeOffset _now = DateTimeOffset.UnixEpoch;
    private int _fetched;

    [Theory]
    [InlineData(60, 54, 1)]
    [InlineData(60, 56, 2)]
    [InlineData(5, 3.9, 1)]
    [InlineData(5, 4.1, 2)]
    public async Task A_token_is_fetched_anew_shortly_before_it_expires(double lifeMinutes, double afterMinutes, int expected)
    {
        TokenCache cache = Cache(_ => Task.FromResult(New(lifeMinutes)));
        await cache.GetAsync(TestContext.Current.CancellationToken);
        _now += TimeSpan.FromMinutes(afterMinutes);
        await cache.GetAsync(TestContext.Current.CancellationToken);
        Assert.Equal(expected, _fetched);
    }

    [Fact]
    public async Task Many_threads_fetch_one_token()
    {
        TokenCache cache = Cache(async token =>
        {
            await Task.Delay(50, token);
            return New(60);
        });
        AccessToken[] tokens = await Task.WhenAll(Enumerable.Range(0, 50).Select(_ => Task.Run(() => cache.GetAsync(TestContext.Current.CancellationToken))));
        Assert.Single(tokens.Distinct());
        Assert.Equal(1, _fetched);
    }

    [Fact]
    public async Task A_token_that_still_holds_bridges_an_endpoint_that_does_not_answer_and_not_one_that_refuses()
    {
        MlflowException? failure = null;
        TokenCache cache = Cache(_ => failure is null ? Task.FromResult(New(60)) : Task.FromException<AccessToken>(failure));
        AccessToken first = await cache.GetAsync(TestContext.Current.CancellationToken);
        _now += TimeSpan.FromMinutes(58);

        failure = new MlflowException(ErrorKind.ServerError, "busy") { IsTransient = true };
        Assert.Same(first, await cache.GetAsync(TestContext.Current.CancellationToken));
        failure = new MlflowException(ErrorKind.AuthenticationFailed, "no more");
        await Assert.ThrowsAsync<MlflowException>(() => cache.GetAsync(TestContext.Current.CancellationToken));
        failure = new MlflowException(ErrorKind.ServerError, "busy") { IsTransient = true };
        _now += TimeSpan.FromMinutes(3);
        await Assert.ThrowsAsync<MlflowException>(() => cache.GetAsync(TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task Only_the_token_that_was_refused_is_forgotten()
    {
        TokenCache cache = Cache(_ => Task.FromResult(New(60)));
        AccessToken old = await cache.GetAsync(TestContext.Current.CancellationToken);
        cache.Forget(old.Value);
        AccessToken current = await cache.GetAsync(TestContext.Current.CancellationToken);
        cache.Forget(old.Value);
        Assert.Same(current, await cache.GetAsync(TestContext.Current.CancellationToken));
        Assert.DoesNotContain(current.Value, current.ToString());
    }

    private AccessToken New(double minutes) => new($"secret-{_fetched}", _now, _now + TimeSpan.FromMinutes(minutes));

    private TokenCache Cache(Func<CancellationToken, Task<AccessToken>> fetch) => new(
        token =>
        {
            Interlocked.Increment(ref _fetched);
            return fetch(token);
        },
        () => _now);
}
