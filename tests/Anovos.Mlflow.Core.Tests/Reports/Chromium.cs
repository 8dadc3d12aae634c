using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net.WebSockets;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Anovos.Mlflow.Tests.Reports;

/// <summary>
/// A real browser, started for the first page and driven by the DevTools protocol. <c>ANOVOS_TEST_CHROMIUM</c> names it where it is
/// not on the PATH.
/// </summary>
public sealed class Chromium : IAsyncDisposable
{
    private readonly string _profile = Directory.CreateTempSubdirectory("anovos-mlflow-chromium-").FullName;
    private readonly ClientWebSocket _socket = new();
    private readonly ConcurrentDictionary<int, TaskCompletionSource<JsonNode>> _pending = new();
    private readonly ConcurrentDictionary<string, BrowserPage> _pages = new();
    private readonly SemaphoreSlim _sending = new(1);
    private Process? _process;
    private int _lastId;

    /// <summary>Opens an empty page that shares no state with others; skips the test where there is no browser.</summary>
    internal async Task<BrowserPage> OpenPageAsync()
    {
        if (_process is null)
            await StartAsync();
        string browserContextId = Text(await SendAsync(null, "Target.createBrowserContext", new { }), "browserContextId");
        string target = Text(await SendAsync(null, "Target.createTarget", new { url = "about:blank", browserContextId }), "targetId");
        string session = Text(await SendAsync(null, "Target.attachToTarget", new { targetId = target, flatten = true }), "sessionId");
        BrowserPage page = _pages[session] = new BrowserPage(this, session, browserContextId);
        foreach (string domain in new[] { "Page", "Runtime", "Log", "Network" })
            await SendAsync(session, $"{domain}.enable", new { });
        return page;
    }

    /// <summary>Closes a page and all that it kept.</summary>
    internal async Task CloseAsync(BrowserPage page)
    {
        _pages.TryRemove(page.Session, out _);
        await SendAsync(null, "Target.disposeBrowserContext", new { browserContextId = page.Context });
    }

    internal async Task<JsonNode> SendAsync(string? session, string method, object parameters)
    {
        CancellationToken cancellation = TestContext.Current.CancellationToken;
        int id = Interlocked.Increment(ref _lastId);
        var answer = _pending[id] = new TaskCompletionSource<JsonNode>(TaskCreationOptions.RunContinuationsAsynchronously);
        var message = new JsonObject { ["id"] = id, ["method"] = method, ["params"] = JsonSerializer.SerializeToNode(parameters) };
        if (session is not null)
            message["sessionId"] = session;
        await _sending.WaitAsync(cancellation);
        try
        {
            byte[] json = JsonSerializer.SerializeToUtf8Bytes(message);
            await _socket.SendAsync(json, WebSocketMessageType.Text, endOfMessage: true, cancellation);
        }
        finally
        {
            _sending.Release();
        }

        return await answer.Task.WaitAsync(TimeSpan.FromSeconds(60), cancellation);
    }

    public async ValueTask DisposeAsync()
    {
        _socket.Dispose();
        if (_process is not null)
        {
            _process.Kill(entireProcessTree: true);
            await _process.WaitForExitAsync(CancellationToken.None);
            _process.Dispose();
        }

        Directory.Delete(_profile, recursive: true);
    }

    private async Task StartAsync()
    {
        string[] names = ["chromium", "chromium-browser", "google-chrome", "chrome.exe", "msedge.exe"];
        string[] folders = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator);
        string? program = Environment.GetEnvironmentVariable("ANOVOS_TEST_CHROMIUM")
            ?? folders.SelectMany(folder => names.Select(name => Path.Combine(folder, name))).FirstOrDefault(File.Exists);
        Assert.SkipWhen(string.IsNullOrEmpty(program), "there is no chromium on the PATH or in ANOVOS_TEST_CHROMIUM");

        // A sandbox needs rights that a container does not give.
        string[] arguments =
        [
            "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--remote-debugging-port=0",
            $"--user-data-dir={_profile}", "about:blank",
        ];
        var start = new ProcessStartInfo(program!, arguments) { RedirectStandardError = true, RedirectStandardOutput = true };
        _process = Process.Start(start)!;
        const string Announcement = "DevTools listening on ";
        string? line;
        do
        {
            line = await _process.StandardError.ReadLineAsync(TestContext.Current.CancellationToken)
                ?? throw new InvalidOperationException("Chromium ended before it listened.");
        }
        while (!line.StartsWith(Announcement, StringComparison.Ordinal));
        _ = _process.StandardError.ReadToEndAsync(CancellationToken.None);
        _ = _process.StandardOutput.ReadToEndAsync(CancellationToken.None);
        await _socket.ConnectAsync(new Uri(line[Announcement.Length..]), TestContext.Current.CancellationToken);
        _ = Task.Run(ReceiveAsync, CancellationToken.None);
    }

    private async Task ReceiveAsync()
    {
        byte[] buffer = new byte[1 << 16];
        using var text = new MemoryStream();
        while (_socket.State == WebSocketState.Open)
        {
            WebSocketReceiveResult part = await _socket.ReceiveAsync(buffer, CancellationToken.None);
            text.Write(buffer, 0, part.Count);
            if (!part.EndOfMessage)
                continue;
            Take(JsonNode.Parse(text.ToArray())!);
            text.SetLength(0);
        }
    }

    private void Take(JsonNode message)
    {
        if (message["id"] is { } id)
        {
            TaskCompletionSource<JsonNode> answer = _pending[id.GetValue<int>()];
            if (message["result"] is { } result)
                answer.TrySetResult(result);
            else
                answer.TrySetException(new InvalidOperationException(message.ToJsonString()));
        }
        else if (message["sessionId"] is { } session && _pages.TryGetValue(session.GetValue<string>(), out BrowserPage? page))
        {
            page.Take(message["method"]!.GetValue<string>(), message["params"]!);
        }
    }

    private static string Text(JsonNode answer, string name) => answer[name]!.GetValue<string>();
}
