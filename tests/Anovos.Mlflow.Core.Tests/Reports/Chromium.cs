using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net.WebSockets;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Anovos.Mlflow.Tests.Reports;

/// <summary>A real browser with one page, spoken to in its DevTools protocol. <c>ANOVOS_TEST_CHROMIUM</c> names it where it is not on the PATH.</summary>
internal sealed class Chromium : IAsyncDisposable
{
    private readonly string _profile = Directory.CreateTempSubdirectory("anovos-mlflow-chromium-").FullName;
    private readonly Process _process;
    private readonly ClientWebSocket _socket = new();
    private readonly ConcurrentDictionary<int, TaskCompletionSource<JsonNode>> _pending = new();
    private readonly SemaphoreSlim _sending = new(1);
    private readonly CancellationToken _cancellation = TestContext.Current.CancellationToken;
    private int _lastId;
    private string? _page;

    private Chromium(string program)
    {
        // A sandbox needs rights that a container does not give.
        string[] arguments = ["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--remote-debugging-port=0", $"--user-data-dir={_profile}", "about:blank"];
        _process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardError = true, RedirectStandardOutput = true })!;
    }

    /// <summary>The address of every request that the page made.</summary>
    public ConcurrentQueue<string> Requests { get; } = new();

    /// <summary>Errors in its console: of scripts, and of its policy.</summary>
    public ConcurrentQueue<string> Errors { get; } = new();

    /// <summary>Starts the browser; skips the test where there is none.</summary>
    public static async Task<Chromium> StartAsync()
    {
        string[] names = ["chromium", "chromium-browser", "google-chrome", "chrome.exe", "msedge.exe"];
        string? program = Environment.GetEnvironmentVariable("ANOVOS_TEST_CHROMIUM")
            ?? (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator).SelectMany(folder => names.Select(name => Path.Combine(folder, name))).FirstOrDefault(File.Exists);
        Assert.SkipWhen(string.IsNullOrEmpty(program), "there is no chromium on the PATH or in ANOVOS_TEST_CHROMIUM");
        var browser = new Chromium(program!);
        await browser.ConnectAsync();
        return browser;
    }

    /// <summary>Opens a file in the page and waits until it is drawn.</summary>
    public async Task OpenAsync(string file, string scheme = "light", int width = 1280)
    {
        await SendAsync("Emulation.setDeviceMetricsOverride", new { width, height = 900, deviceScaleFactor = 1, mobile = false });
        await SendAsync("Emulation.setEmulatedMedia", new { features = new[] { new { name = "prefers-color-scheme", value = scheme } } });
        await SendAsync("Page.navigate", new { url = new Uri(file).AbsoluteUri });
        await UntilAsync("document.readyState === 'complete'");
    }

    /// <summary>What an expression comes to; of a promise, what it resolves to.</summary>
    public async Task<T> EvaluateAsync<T>(string expression)
    {
        JsonNode answer = await SendAsync("Runtime.evaluate", new { expression, awaitPromise = true, returnByValue = true });
        Assert.True(answer["exceptionDetails"] is null, answer["exceptionDetails"]?.ToJsonString());
        return answer["result"]!["value"].Deserialize<T>()!;
    }

    /// <summary>Runs statements.</summary>
    public Task DoAsync(string statements) => EvaluateAsync<bool>($"(async () => {{ {statements}; return true; }})()");

    /// <summary>Waits until an expression is true.</summary>
    public async Task UntilAsync(string expression)
    {
        for (int i = 0; i < 400; i++)
        {
            if (await EvaluateAsync<bool>($"Boolean({expression})"))
                return;
            await Task.Delay(25, _cancellation);
        }

        Assert.Fail($"It did not become true: {expression}");
    }

    /// <summary>Moves the mouse to a share of an element's width and height.</summary>
    public async Task HoverAsync(string selector, double x, double y)
    {
        double[] at = await EvaluateAsync<double[]>($"(() => {{ const e = document.querySelector({JsonSerializer.Serialize(selector)}); e.scrollIntoView({{ block: 'center' }}); const r = e.getBoundingClientRect(); return [r.x + {x} * r.width, r.y + {y} * r.height]; }})()");
        await SendAsync("Input.dispatchMouseEvent", new { type = "mouseMoved", x = at[0], y = at[1] });
    }

    /// <summary>Presses a key where the focus is.</summary>
    public async Task PressAsync(string key)
    {
        await SendAsync("Input.dispatchKeyEvent", new { type = "keyDown", key });
        await SendAsync("Input.dispatchKeyEvent", new { type = "keyUp", key });
    }

    public async ValueTask DisposeAsync()
    {
        _socket.Dispose();
        _process.Kill(entireProcessTree: true);
        await _process.WaitForExitAsync(CancellationToken.None);
        _process.Dispose();
        Directory.Delete(_profile, recursive: true);
    }

    private async Task ConnectAsync()
    {
        const string Announcement = "DevTools listening on ";
        string? line;
        do
            line = await _process.StandardError.ReadLineAsync(_cancellation) ?? throw new InvalidOperationException("Chromium ended before it listened.");
        while (!line.StartsWith(Announcement, StringComparison.Ordinal));
        _ = _process.StandardError.ReadToEndAsync(_cancellation);
        _ = _process.StandardOutput.ReadToEndAsync(_cancellation);
        await _socket.ConnectAsync(new Uri(line[Announcement.Length..]), _cancellation);
        _ = Task.Run(ReceiveAsync, _cancellation);
        JsonNode targets = await SendAsync("Target.getTargets", new { });
        string target = targets["targetInfos"]!.AsArray().First(info => info!["type"]!.GetValue<string>() == "page")!["targetId"]!.GetValue<string>();
        _page = (await SendAsync("Target.attachToTarget", new { targetId = target, flatten = true }))["sessionId"]!.GetValue<string>();
        foreach (string domain in new[] { "Page", "Runtime", "Log", "Network" })
            await SendAsync($"{domain}.enable", new { });
    }

    private async Task<JsonNode> SendAsync(string method, object parameters)
    {
        int id = Interlocked.Increment(ref _lastId);
        var answer = _pending[id] = new TaskCompletionSource<JsonNode>(TaskCreationOptions.RunContinuationsAsynchronously);
        var message = new JsonObject { ["id"] = id, ["method"] = method, ["params"] = JsonSerializer.SerializeToNode(parameters) };
        if (_page is not null)
            message["sessionId"] = _page;
        await _sending.WaitAsync(_cancellation);
        try
        {
            await _socket.SendAsync(JsonSerializer.SerializeToUtf8Bytes(message), WebSocketMessageType.Text, endOfMessage: true, _cancellation);
        }
        finally
        {
            _sending.Release();
        }

        return await answer.Task.WaitAsync(TimeSpan.FromSeconds(60), _cancellation);
    }

    private async Task ReceiveAsync()
    {
        byte[] buffer = new byte[1 << 16];
        using var text = new MemoryStream();
        while (_socket.State == WebSocketState.Open)
        {
            WebSocketReceiveResult part = await _socket.ReceiveAsync(buffer, _cancellation);
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
            _pending[id.GetValue<int>()].TrySetResult(message["result"] ?? throw new InvalidOperationException(message.ToJsonString()));
            return;
        }

        JsonNode? parameters = message["params"];
        switch (message["method"]?.GetValue<string>())
        {
            case "Network.requestWillBeSent":
                Requests.Enqueue(parameters!["request"]!["url"]!.GetValue<string>());
                break;
            case "Runtime.exceptionThrown":
                Errors.Enqueue(parameters!.ToJsonString());
                break;
            case "Log.entryAdded" when parameters!["entry"]!["level"]!.GetValue<string>() is "error" or "warning":
                Errors.Enqueue(parameters["entry"]!["text"]!.GetValue<string>());
                break;
        }
    }
}
