using System.ComponentModel;
using System.Diagnostics;

namespace Anovos.Mlflow.Tests;

/// <summary>The tests in tests/pester, which drive the staged module in a real pwsh as a user does.</summary>
// It builds a package, and the publishing of the single file builds too: not at once.
[Collection(SingleFileHostCollection.Name)]
public sealed class PesterTests
{
    // Of Invoke-Suite.ps1.
    private const int PesterIsMissing = 2;

    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(10);

    [Fact]
    public async Task What_a_user_types_works_in_pwsh()
    {
        string failures = Path.GetTempFileName();
        var start = new ProcessStartInfo("pwsh",
        [
            "-NoProfile", "-NonInteractive", "-File", Path.Combine(Repository.Root, "tests", "pester", "Invoke-Suite.ps1"),
            "-Configuration", Repository.Configuration, "-FailurePath", failures,
        ])
        { RedirectStandardOutput = true, RedirectStandardError = true };
        CleanProcess.Give(start, CleanEnvironment.Variables);
        start.Environment["HOME"] = CleanEnvironment.Home;
        start.Environment["NUGET_PACKAGES"] = Repository.Packages;

        using Process pwsh = Start(start);
        Task<string> output = pwsh.StandardOutput.ReadToEndAsync(), error = pwsh.StandardError.ReadToEndAsync();
        using var patience = new CancellationTokenSource(Patience);
        await using CancellationTokenRegistration impatience = patience.Token.Register(() => pwsh.Kill(entireProcessTree: true));
        await pwsh.WaitForExitAsync(TestContext.Current.CancellationToken);
        string failed = await File.ReadAllTextAsync(failures, TestContext.Current.CancellationToken);
        File.Delete(failures);

        Assert.SkipWhen(pwsh.ExitCode == PesterIsMissing, $"Pester 5 is not here: {await error}");
        Assert.True(failed.Trim().Length == 0, failed);
        Assert.True(pwsh.ExitCode == 0, $"pwsh ended with {pwsh.ExitCode}\n{await output}\n{await error}");
    }

    private static Process Start(ProcessStartInfo start)
    {
        try
        {
            return Process.Start(start)!;
        }
        catch (Win32Exception)
        {
            Assert.Skip("pwsh is not on the PATH");
            throw;
        }
    }
}
