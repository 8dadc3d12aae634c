using System.Diagnostics;
using System.Text;

namespace Anovos.Mlflow.Tests;

/// <summary>Runs a program in a terminal, like a user who reads before typing.</summary>
internal sealed class Terminal : IDisposable
{
    private readonly Process _process;
    private readonly Timer _guard;
    private readonly StringBuilder _shown = new();
    private readonly char[] _buffer = new char[1024];
    private int _read;
    private int _asked;

    public Terminal(ProcessStartInfo start)
    {
        _process = Process.Start(start)!;

        // A program that waits for different input would block the tests forever.
        _guard = new Timer(_ => _process.Kill(entireProcessTree: true), null, TimeSpan.FromMinutes(3), Timeout.InfiniteTimeSpan);
    }

    /// <summary>The output so far.</summary>
    public string Shown => _shown.ToString();

    /// <summary>Waits for a text in the output after the previous match.</summary>
    public async Task ReadUntilAsync(string text)
    {
        int found;
        while ((found = Shown.IndexOf(text, _read, StringComparison.Ordinal)) < 0)
            Assert.True(await ReadAsync(), $"'{text}' did not appear: {Shown}");
        _read = found + text.Length;
    }

    /// <summary>Waits for a text in the same way, then types a line.</summary>
    public async Task TypeAfterAsync(string text, string line)
    {
        await ReadUntilAsync(text);
        await TypeAsync(line + "\n");
    }

    /// <summary>Waits for the end of the program; returns its exit code.</summary>
    public async Task<int> EndAsync()
    {
        while (await ReadAsync())
        {
        }

        await _process.WaitForExitAsync(TestContext.Current.CancellationToken);
        return _process.ExitCode;
    }

    public void Dispose()
    {
        _guard.Dispose();
        if (!_process.HasExited)
            _process.Kill(entireProcessTree: true);
        _process.Dispose();
    }

    private async Task TypeAsync(string keys)
    {
        await _process.StandardInput.WriteAsync(keys);
        await _process.StandardInput.FlushAsync(TestContext.Current.CancellationToken);
    }

    private async Task<bool> ReadAsync()
    {
        int count = await _process.StandardOutput.ReadAsync(_buffer, TestContext.Current.CancellationToken);
        _shown.Append(_buffer, 0, count);

        // .NET asks a terminal for the position of its cursor, and waits for the response.
        for (; (_asked = Shown.IndexOf("\u001b[6n", _asked, StringComparison.Ordinal)) >= 0; _asked++)
            await TypeAsync("\u001b[1;1R");
        _asked = Math.Max(0, _shown.Length - 3);
        return count > 0;
    }
}
