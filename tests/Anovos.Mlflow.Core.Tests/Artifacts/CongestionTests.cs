using System.Collections.Concurrent;
using Anovos.Mlflow.Artifacts;
using Anovos.Mlflow.TestServer;
using Microsoft.AspNetCore.Http;

namespace Anovos.Mlflow.Tests.Artifacts;

/// <summary>A server gets as many files at once as increase its throughput, and fewer if it rejects some.</summary>
public sealed class CongestionTests : IAsyncLifetime
{
    private readonly Lock _gate = new();
    private readonly List<int> _together = [];
    private TransferFixture _run = null!;
    private int _now;

    public async ValueTask InitializeAsync() => _run = await TransferFixture.OpenAsync("3.11", retries: 7);

    public ValueTask DisposeAsync() => _run.DisposeAsync();

    [Fact]
    public async Task A_server_that_answers_429_to_more_than_three_gets_all_files_with_few_refusals()
    {
        int refused = 0;
        Serve(async (together, handle, context) =>
        {
            if (together > 3)
            {
                Interlocked.Increment(ref refused);
                await Faults.Answer(429, """{"error_code": "REQUEST_LIMIT_EXCEEDED", "message": "slow down"}""")(context, handle);
                return;
            }

            await Task.Delay(2, context.RequestAborted);
            await handle();
        });

        string[] results = await _run.SendAsync(Files(300), parallelism: 64);

        Assert.All(results, result => Assert.EndsWith(" Sent", result));
        Assert.InRange(refused, 1, 60);
        Assert.Equal(300, _run.Puts.Distinct().Count());
    }

    [Fact]
    public async Task A_server_far_away_gets_more_at_once_and_never_more_than_is_allowed()
    {
        Serve(async (_, handle, context) =>
        {
            await Task.Delay(40, context.RequestAborted);
            await handle();
        });

        Assert.All(await _run.SendAsync(Files(600), parallelism: 16), result => Assert.EndsWith(" Sent", result));

        Assert.InRange(_together.Max(), 9, 16);
        Assert.InRange(_together.Take(10).Max(), 1, 8);
    }

    [Fact]
    public async Task While_refused_files_wait_others_are_sent()
    {
        const int Refused = 6;
        int taken = 0, takenBeforeTheFirstRetry = -1;
        ConcurrentDictionary<string, bool> refused = [];
        Serve(async (_, handle, context) =>
        {
            if (refused.Count < Refused && refused.TryAdd(context.Request.Path, true))
            {
                await Faults.Answer(503, "later", "text/plain", ("Retry-After", "1"))(context, handle);
                return;
            }

            if (refused.ContainsKey(context.Request.Path))
                Interlocked.CompareExchange(ref takenBeforeTheFirstRetry, Volatile.Read(ref taken), -1);
            Interlocked.Increment(ref taken);
            await handle();
        });

        Assert.All(await _run.SendAsync(Files(100), parallelism: 64), result => Assert.EndsWith(" Sent", result));

        // From the third rejection on, the server gets only one file at a time.
        Assert.InRange(takenBeforeTheFirstRetry, 20, 100 - Refused);
    }

    [Fact]
    public async Task Removal_finds_out_how_many_at_once_too()
    {
        await _run.SendAsync(Files(300));
        Serve(
            async (_, handle, context) =>
            {
                await Task.Delay(40, context.RequestAborted);
                await handle();
            },
            "DELETE");

        await ArtifactTree.DeleteAsync(_run.Artifacts, [.. Enumerable.Range(0, 300).Select(Name)], 32, (path, e) => Assert.Fail($"{path}: {e.Message}"), default);

        // It begins with four, and a machine that is busy with other tests may gain nothing from more than twice as many.
        Assert.InRange(_together.Max(), 5, 32);
        Assert.Empty(await _run.Artifacts.ListAsync("many", default));
    }

    private static string Name(int number) => $"many/{number:0000}";

    private ArtifactUpload[] Files(int count) => [.. Enumerable.Range(0, count).Select(i => _run.File(Name(i), 100))];

    private void Serve(Func<int, Func<Task>, HttpContext, Task> answer, string method = "PUT") => _run.Server.Faults.Add(
        method,
        "*",
        async (context, handle) =>
        {
            int together = Interlocked.Increment(ref _now);
            lock (_gate)
                _together.Add(together);
            try
            {
                await answer(together, handle, context);
            }
            finally
            {
                Interlocked.Decrement(ref _now);
            }
        },
        times: int.MaxValue);
}
