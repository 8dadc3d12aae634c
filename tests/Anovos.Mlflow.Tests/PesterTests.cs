using System.Diagnostics;
using System.Text.Json;

namespace Anovos.Mlflow.Tests;

/// <summary>Runs the tests in tests/pester, which drive the staged module in a real pwsh like a user.</summary>
// These tests build a package, and publishing the single file builds too: do not run both at once.
[Collection(SingleFileHostCollection.Name)]
public sealed class PesterTests(PesterSuite suite) : IClassFixture<PesterSuite>
{
    [Fact]
    public void What_a_user_types_works_in_pwsh()
    {
        Assert.True(suite.Failed.Count == 0, string.Join("\n", suite.Failed));
        Assert.True(suite.ExitCode == 0, $"pwsh ended with {suite.ExitCode}, see {PesterSuite.LogPath}");
    }

    [Fact]
    public void No_test_is_skipped()
    {
        Assert.True(suite.Passed > 0, $"no test passed, see {PesterSuite.LogPath}");
        string skipped = string.Join("\n", suite.Skipped);
        Assert.SkipWhen(skipped.Length > 0, $"Pester skips {suite.Skipped.Count} tests:\n{skipped}");
    }
}

/// <summary>One run of Pester.</summary>
public sealed class PesterSuite : IAsyncLifetime
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(10);

    /// <summary>The complete output of Pester, in a place where CI finds it.</summary>
    public static string LogPath { get; } = Path.Combine(Repository.Root, "out", "pester.log");

    public int ExitCode { get; private set; }

    public int Passed { get; private set; }

    public IReadOnlyList<string> Failed { get; private set; } = [];

    public IReadOnlyList<string> Skipped { get; private set; } = [];

    public async ValueTask InitializeAsync()
    {
        string results = Path.GetTempFileName();
        var start = new ProcessStartInfo(Repository.Pwsh,
        [
            "-NoProfile", "-NonInteractive", "-File", Path.Combine(Repository.Root, "tests", "pester", "Invoke-Suite.ps1"),
            "-Pwsh", Repository.Pwsh, "-Pester", Repository.Pester, "-Configuration", Repository.Configuration, "-ResultPath", results,
        ])
        { RedirectStandardOutput = true, RedirectStandardError = true };
        CleanProcess.Give(start, CleanEnvironment.Variables);
        start.Environment["HOME"] = CleanEnvironment.Home;
        start.Environment["NUGET_PACKAGES"] = Repository.Packages;
        start.Environment["NO_COLOR"] = "1";

        using Process pwsh = Process.Start(start)!;
        Task<string> output = pwsh.StandardOutput.ReadToEndAsync(), error = pwsh.StandardError.ReadToEndAsync();
        using var patience = new CancellationTokenSource(Patience);
        await using CancellationTokenRegistration impatience = patience.Token.Register(() => pwsh.Kill(entireProcessTree: true));
        await pwsh.WaitForExitAsync(TestContext.Current.CancellationToken);
        ExitCode = pwsh.ExitCode;
        await File.WriteAllTextAsync(LogPath, await output + await error, TestContext.Current.CancellationToken);
        string json = await File.ReadAllTextAsync(results, TestContext.Current.CancellationToken);
        File.Delete(results);
        if (json.Length > 0)
        {
            using JsonDocument result = JsonDocument.Parse(json);
            Passed = result.RootElement.GetProperty("Passed").GetInt32();
            (Failed, Skipped) = (Lines("Failed"), Lines("Skipped"));

            string[] Lines(string name) => [.. result.RootElement.GetProperty(name).EnumerateArray().Select(line => line.GetString()!)];
        }
    }

    public ValueTask DisposeAsync() => default;
}
