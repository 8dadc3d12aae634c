using System.Collections.Concurrent;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Anovos.Mlflow.Tests.Reports;

/// <summary>A page of a browser.</summary>
internal sealed class BrowserPage(Chromium browser, string session, string context) : IAsyncDisposable
{
    public string Session => session;

    public string Context => context;

    /// <summary>The address of every request that the page made.</summary>
    public ConcurrentQueue<string> Requests { get; } = new();

    /// <summary>Errors in its console: of scripts, and of its policy.</summary>
    public ConcurrentQueue<string> Errors { get; } = new();

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
            await Task.Delay(25, TestContext.Current.CancellationToken);
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

    /// <summary>Keeps what an event says.</summary>
    public void Take(string method, JsonNode parameters)
    {
        switch (method)
        {
            case "Network.requestWillBeSent":
                Requests.Enqueue(parameters["request"]!["url"]!.GetValue<string>());
                break;
            case "Runtime.exceptionThrown":
                Errors.Enqueue(parameters.ToJsonString());
                break;
            case "Log.entryAdded" when parameters["entry"]!["level"]!.GetValue<string>() is "error" or "warning":
                Errors.Enqueue(parameters["entry"]!["text"]!.GetValue<string>());
                break;
        }
    }

    public ValueTask DisposeAsync() => new(browser.CloseAsync(this));

    private Task<JsonNode> SendAsync(string method, object parameters) => browser.SendAsync(session, method, parameters);
}
