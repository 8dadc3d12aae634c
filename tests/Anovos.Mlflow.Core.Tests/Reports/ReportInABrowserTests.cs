using System.Net;
using System.Net.Sockets;
using Anovos.Mlflow.Reports;
using Anovos.Mlflow.Tracking;

namespace Anovos.Mlflow.Tests.Reports;

/// <summary>The page as a browser shows it.</summary>
public sealed class ReportInABrowserTests(Chromium chromium) : IClassFixture<Chromium>, IDisposable
{
    private readonly ReportFixture _fixture = new();

    [Theory]
    [InlineData("light", 1280, "rgb(255, 255, 255)")]
    [InlineData("dark", 390, "rgb(20, 23, 27)")]
    public async Task It_draws_without_an_error_or_a_request_and_fits_the_window(string scheme, int width, string paper)
    {
        await using BrowserPage browser = await chromium.OpenPageAsync();
        string file = await _fixture.SaveAsync(await AddAsync("one", 3), await AddAsync("two", 5));
        await browser.OpenAsync(file, scheme, width);
        Assert.Equal("MLflow runs", await browser.EvaluateAsync<string>("document.title"));
        Assert.Equal(paper, await browser.EvaluateAsync<string>("getComputedStyle(document.body).backgroundColor"));
        Assert.Equal(["1one", "2two"], await browser.EvaluateAsync<string[]>("[...document.querySelectorAll('#steps thead th.run')].map(e => e.innerText.replace(/\\s/g, ''))"));
        Assert.Equal(["lr"], await browser.EvaluateAsync<string[]>("[...document.querySelectorAll('#params > .wide tbody th')].map(e => e.innerText)"));
        Assert.Equal(["age"], await browser.EvaluateAsync<string[]>("[...document.querySelectorAll('#drift > .wide tbody th')].map(e => e.innerText)"));
        Assert.True(await browser.EvaluateAsync<bool>("document.documentElement.scrollWidth <= innerWidth"));
        await browser.DoAsync("document.querySelector('figure').scrollIntoView()");
        await browser.UntilAsync("document.querySelector('figure canvas')");
        Assert.All(browser.Requests, request => Assert.Matches("^(file|data):", request));
        Assert.Empty(browser.Errors);
    }

    [Fact]
    public async Task Pointing_at_a_curve_shows_its_values_and_so_do_the_arrow_keys()
    {
        await using BrowserPage browser = await chromium.OpenPageAsync();
        await browser.OpenAsync(await _fixture.SaveAsync(await AddAsync("one", 3), await AddAsync("two", 5)));
        await browser.DoAsync("document.querySelector('[data-metric=loss]').scrollIntoView()");
        await browser.UntilAsync("document.querySelector('[data-metric=loss] .u-over')");
        await browser.HoverAsync("[data-metric=loss] .u-over", 0.5, 0.5);
        await browser.UntilAsync("document.querySelector('[data-metric=loss] .tip').offsetHeight > 0");

        // Points at the steps 0 … 20, the values three and five times the step.
        string tip = await browser.EvaluateAsync<string>("document.querySelector('[data-metric=loss] .tip').innerText.replace(/\\s+/g, ' ')");
        Assert.Equal("step 10 1 one 30 2 two 50", tip);

        await browser.DoAsync("document.querySelector('[data-metric=loss] .plot').focus()");
        await browser.PressAsync("ArrowRight");
        await browser.UntilAsync("document.querySelector('[data-metric=loss] .tip').innerText.startsWith('step 11')");
    }

    [Fact]
    public async Task The_button_changes_the_theme_and_the_charts_with_it()
    {
        await using BrowserPage browser = await chromium.OpenPageAsync();
        await browser.OpenAsync(await _fixture.SaveAsync(await AddAsync("one", 3)));
        await browser.DoAsync("document.querySelector('figure').scrollIntoView()");
        await browser.UntilAsync("document.querySelector('figure canvas')");
        string light = await browser.EvaluateAsync<string>("document.querySelector('figure canvas').toDataURL()");
        await browser.DoAsync("document.getElementById('theme').click()");
        Assert.Equal("rgb(20, 23, 27)", await browser.EvaluateAsync<string>("getComputedStyle(document.body).backgroundColor"));
        await browser.UntilAsync($"document.querySelector('figure canvas').toDataURL() !== '{light}'");
    }

    [Fact]
    public async Task System_metrics_have_a_section_with_their_curves_and_what_is_missing()
    {
        await using BrowserPage browser = await chromium.OpenPageAsync();
        Metric[] points =
        [
            .. ReportFixture.Line("loss", 3, step => step),
            .. ReportFixture.Line("system/disk_usage_percentage", 3, _ => 50),
            .. ReportFixture.Line("system/workflow/cpu_seconds", 3, step => 30 * step),
            .. ReportFixture.Line("system/workflow/memory_peak_megabytes", 3, _ => 250),
        ];
        var data = new RunData { Metrics = points, Tags = [new("anovos.workflow.systemMetricsMissing", "Executors are <b>elsewhere</b>.")] };
        await browser.OpenAsync(await _fixture.SaveAsync(await _fixture.AddRunAsync("one", data)));
        Assert.Equal(
            ["system/workflow/cpu_seconds", "system/workflow/memory_peak_megabytes", "system/disk_usage_percentage"],
            await browser.EvaluateAsync<string[]>("[...document.querySelectorAll('#system figure')].map(e => e.dataset.metric)"));
        Assert.Equal(
            ["loss"],
            await browser.EvaluateAsync<string[]>("[...document.querySelectorAll('#curves figure')].map(e => e.dataset.metric)"));
        string text = await browser.EvaluateAsync<string>("document.getElementById('system').textContent");
        Assert.Contains("Executors are <b>elsewhere</b>.", text);
        Assert.Contains("60.0 s", await browser.EvaluateAsync<string>("document.querySelector('.facts').textContent"));
        await browser.DoAsync("document.querySelector('#system figure').scrollIntoView()");
        await browser.UntilAsync("document.querySelector('#system figure canvas')");
        Assert.Empty(browser.Errors);
    }

    [Fact]
    public async Task The_description_of_a_run_is_shown_without_the_marks_of_Markdown()
    {
        await using BrowserPage browser = await chromium.OpenPageAsync();
        const string Note = "**Finished** after 2 s\n\n> It was quick.\n\n### Not sent\n\n| what | why |\n|---|---|\n| final&#95;dataset | &#60;b&#62; off |";
        var data = new RunData { Tags = [new("mlflow.note.content", Note)] };
        await browser.OpenAsync(await _fixture.SaveAsync(await _fixture.AddRunAsync("one", data)));
        Assert.Equal("Finished after 2 s", await browser.EvaluateAsync<string>("document.querySelector('.note summary').textContent"));
        Assert.Equal(
            "It was quick.\n\nNot sent\n\nwhat: why\nfinal_dataset: <b> off",
            await browser.EvaluateAsync<string>("document.querySelector('.note pre').textContent"));
        Assert.False(await browser.EvaluateAsync<bool>("document.querySelector('.note details').open"));
    }

    [Fact]
    public async Task The_description_of_a_failed_run_is_open()
    {
        await using BrowserPage browser = await chromium.OpenPageAsync();
        var data = new RunData { Tags = [new("mlflow.note.content", "**Failed** after 2 s\n\n> It ran out of memory.")] };
        await browser.OpenAsync(await _fixture.SaveAsync(await _fixture.AddRunAsync("one", data, RunStatus.Failed)));
        Assert.True(await browser.EvaluateAsync<bool>("document.querySelector('.note details').open"));
    }

    [Fact]
    public async Task Fifty_runs_fit_the_window_and_the_nearest_curves_are_named()
    {
        await using BrowserPage browser = await chromium.OpenPageAsync();
        var runs = new List<Run>();
        for (int i = 1; i <= 50; i++)
            runs.Add(await AddAsync($"night-{i}", i));
        await browser.OpenAsync(await _fixture.SaveAsync([.. runs]), width: 390);
        Assert.True(await browser.EvaluateAsync<bool>("document.documentElement.scrollWidth <= innerWidth"));
        Assert.Equal(50, await browser.EvaluateAsync<int>("document.querySelectorAll('#runs tbody th').length"));
        await browser.DoAsync("document.querySelector('[data-metric=loss]').scrollIntoView()");
        await browser.UntilAsync("document.querySelector('[data-metric=loss] .u-over')");
        await browser.HoverAsync("[data-metric=loss] .u-over", 0.9, 0.2);
        await browser.UntilAsync("document.querySelector('[data-metric=loss] .tip').innerText.includes('the nearest of 50 runs')");
    }

    [Fact]
    public async Task Nothing_that_runs_say_becomes_more_than_text()
    {
        await using BrowserPage browser = await chromium.OpenPageAsync();
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        string elsewhere = $"http://127.0.0.1:{((IPEndPoint)listener.LocalEndpoint).Port}/x";
        string evil = $"</script><script>window.hurt=1</script><!--<script><img src=\"{elsewhere}\" onerror=\"window.hurt=2\"><a href=\"javascript:window.hurt=3\" id=\"evil\">\u2028{{{{data}}}} ${{window.hurt=4}}";
        RunContent[] contents = [.. Enumerable.Range(0, 2).Select(number => Evil(evil + number, elsewhere))];
        string file = Path.Combine(_fixture.Folder, "evil.html");
        using (var writer = new StreamWriter(file))
            ReportPage.Write(ReportModel.Of(evil, contents, 0), writer);

        await browser.OpenAsync(file);
        await browser.DoAsync("document.querySelectorAll('details').forEach(e => e.open = true)");
        await browser.DoAsync("document.querySelectorAll('figure').forEach(e => e.scrollIntoView())");
        await browser.UntilAsync("document.querySelector('figure canvas')");
        await browser.DoAsync("[...document.querySelectorAll('#files button')].filter(e => e.textContent === 'Show').forEach(e => e.click())");
        await browser.UntilAsync("document.querySelectorAll('iframe').length === 2");
        await browser.DoAsync("await new Promise(done => setTimeout(done, 500))");

        Assert.Equal("undefined", await browser.EvaluateAsync<string>("String(window.hurt)"));
        Assert.Equal(evil, await browser.EvaluateAsync<string>("document.getElementById('title').textContent"));
        Assert.Equal(evil, await browser.EvaluateAsync<string>("report.title"));
        Assert.Equal(0, await browser.EvaluateAsync<int>("document.querySelectorAll('main img, main script, main [onerror], a[href^=javascript], #evil').length"));
        Assert.Equal("", await browser.EvaluateAsync<string>("document.querySelector('iframe').getAttribute('sandbox')"));
        Assert.DoesNotContain("hurt", await browser.EvaluateAsync<string>("document.querySelector('iframe').srcdoc"));
        Assert.All(browser.Requests, request => Assert.Matches("^(file|data|about):", request));
        Assert.False(listener.Pending());

        // Chromium says what a document that is taken apart may not do.
        Assert.All(browser.Errors, error => Assert.Contains("violates the following Content Security Policy", error));
    }

    [Fact]
    public async Task Its_policy_stops_scripts_requests_and_frames_that_came_in_all_the_same()
    {
        await using BrowserPage browser = await chromium.OpenPageAsync();
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        string elsewhere = $"http://127.0.0.1:{((IPEndPoint)listener.LocalEndpoint).Port}/x";
        await browser.OpenAsync(await _fixture.SaveAsync(await AddAsync("one", 3)));
        Assert.Equal("blocked", await browser.EvaluateAsync<string>($"fetch('{elsewhere}').then(() => 'sent', () => 'blocked')"));
        await browser.DoAsync(
            $$"""
            const script = document.createElement('script');
            script.textContent = 'window.hurt = 1';
            document.body.append(script);
            document.body.insertAdjacentHTML('beforeend', '<img src="{{elsewhere}}" onerror="window.hurt = 2"><iframe sandbox srcdoc="<meta http-equiv=refresh content=\'0;url={{elsewhere}}\'><img src={{elsewhere}}>"></iframe>');
            await new Promise(done => setTimeout(done, 500));
            """);
        Assert.True(await browser.EvaluateAsync<bool>("window.hurt === undefined"));
        Assert.False(listener.Pending());
    }

    [Fact]
    public async Task A_report_that_needs_its_scripts_says_so_and_is_saved_as_it_was()
    {
        await using BrowserPage browser = await chromium.OpenPageAsync();
        const string Html = "<html><script src='https://cdn.invalid/report.js'></script><body><div id=report></div>größe</body></html>";
        Run run = await _fixture.AddRunAsync("one", new RunData(), RunStatus.Finished, ("report_stats/ml_anovos_report.html", Html));
        await browser.OpenAsync(await _fixture.SaveAsync(run));
        await browser.DoAsync("document.querySelector('#files .report button').click()");
        await browser.UntilAsync("document.getElementById('files').innerText.includes('draws itself with scripts')");
        Assert.Equal(Html, await browser.EvaluateAsync<string>("unpack(report.runs[0].reports[0].copy)"));
        Assert.Empty(browser.Errors);
    }

    public void Dispose() => _fixture.Dispose();

    private Task<Run> AddAsync(string name, int factor) => _fixture.AddRunAsync(name, new RunData
    {
        Params = [new("lr", $"0.{factor}"), new("seed", "42")],
        Metrics =
        [
            .. ReportFixture.Line("loss", 21, step => step * factor),
            new("time/stats_generator/global_summary", 12.5 * factor, 1), new("time/total", 90, 1),
            new("drift_statistics/age/PSI", 7.8687, 1), new("drift_statistics/age/flagged", 1, 1), new("drift_statistics/fnlwgt/PSI", 0.04, 1), new("drift_statistics/fnlwgt/flagged", 0, 1),
        ],
    });

    private static RunContent Evil(string evil, string elsewhere)
    {
        var run = new Run
        {
            RunId = evil,
            ExperimentId = evil,
            Experiment = evil,
            RunName = evil,
            UserId = evil,
            TrackingUri = evil,
            Status = RunStatus.Failed,
            Params = new Dictionary<string, string> { [evil] = evil },
            Tags = new Dictionary<string, string> { [evil] = evil, ["mlflow.note.content"] = $"{evil}\n{evil}", ["flagged/" + evil] = evil, ["mlflow.parentRunId"] = evil },
            Metrics = new Dictionary<string, double> { [evil] = 1, ["time/" + evil] = 2, ["drift_statistics/x/flagged"] = 1 },
            Inputs = [new DatasetInput(evil, evil, evil, evil) { Tags = [new Tag(DatasetInput.ContextTag, evil)] }],
        };
        string html = $"""
            <html><head><meta http-equiv="refresh" content="0;url={elsewhere}"><base href="{elsewhere}"><link rel="preconnect" href="{elsewhere}"><link rel=stylesheet href="{elsewhere}">
            <style>p {"{"} background: url({elsewhere}); color: red {"}"}</style><script>parent.hurt = 5</script></head>
            <body onload="parent.hurt = 6"><p>{new string('x', 300)}</p><img src="{elsewhere}" onerror="parent.hurt = 7"><iframe src="javascript:parent.hurt = 8"></iframe>
            <svg onload="parent.hurt = 9"><a xlink:href="javascript:parent.hurt = 10">x</a></svg><a href="javascript:parent.hurt = 11">x</a><form action="{elsewhere}"><button>x</button></form></body></html>
            """;
        return new RunContent(run)
        {
            Page = "javascript:window.hurt=12",
            Problem = evil,
            Curves = new Dictionary<string, Curve> { [evil] = Curve.Of(ReportFixture.Line(evil, 5, step => step)) },
            Artifacts = new ArtifactIndex([new(evil, IsDirectory: false, 1)], IsComplete: true),
            Reports = [HtmlReport.Of(evil + ".html", html)],
        };
    }
}
