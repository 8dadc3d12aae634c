using System.Diagnostics;

namespace Anovos.Mlflow.Tests.Robustness;

/// <summary>A process of <c>Anovos.Mlflow.StoreWriter</c>, and the lines it has written.</summary>
internal class StoreProcess : IDisposable
{
    private readonly Process _process;
    private readonly Task _reading;
    private readonly Task<string> _errors;
    private readonly List<string> _said = [];

    public StoreProcess(params string[] arguments)
    {
        ProcessStartInfo start = StoreWriter(arguments);
        (start.RedirectStandardInput, start.RedirectStandardOutput, start.RedirectStandardError) = (true, true, true);
        // The runtime that runs this test, wherever it is installed.
        start.Environment["DOTNET_ROOT"] = Path.GetFullPath(Path.Combine(Path.GetDirectoryName(typeof(object).Assembly.Location)!, "..", "..", ".."));
        _process = Process.Start(start)!;
        _reading = Task.Run(ReadAsync);
        _errors = _process.StandardError.ReadToEndAsync();
    }

    public string[] Said
    {
        get
        {
            lock (_said)
                return [.. _said];
        }
    }

    /// <summary>Waits until it has said so many lines, or has ended.</summary>
    public async Task SaysAsync(int lines)
    {
        while (Said.Length < lines && !_reading.IsCompleted)
            await Task.Delay(1);
    }

    /// <summary>Kills it as <c>kill -9</c> does, unless it has ended by itself. Returns whether it was killed.</summary>
    public async Task<bool> KillUnlessEndedAsync()
    {
        _process.Kill();
        await EndsAsync();
        return _process.ExitCode != 0;
    }

    /// <summary>Waits until it has ended, by itself or because it was killed.</summary>
    public async Task EndsAsync()
    {
        await _process.WaitForExitAsync();
        await _reading;
        Assert.True(_process.ExitCode is 0 or 137 or -1, $"the process ended with {_process.ExitCode}: {await _errors}");
    }

    /// <summary>Kills it as <c>kill -9</c> does.</summary>
    public async Task KillAsync()
    {
        _process.Kill();
        await _process.WaitForExitAsync();
        await _reading;
        // 137: by the signal. Anything else is a failure of its own.
        Assert.True(_process.ExitCode is 137 or -1, $"the process ended with {_process.ExitCode}: {await _errors}");
    }

    /// <summary>Has it end after what it is at.</summary>
    public async Task StopAsync()
    {
        _process.StandardInput.Close();
        await _process.WaitForExitAsync();
        await _reading;
        Assert.True(_process.ExitCode == 0, $"the process failed: {await _errors}");
    }

    public void Dispose()
    {
        if (!_process.HasExited)
            _process.Kill();
        _process.Dispose();
    }

    private static ProcessStartInfo StoreWriter(params string[] arguments)
    {
        string program = Path.Combine(AppContext.BaseDirectory, "Anovos.Mlflow.StoreWriter");
#if NET
        return ProcessStart.Of(OperatingSystem.IsWindows() ? program + ".exe" : program, arguments);
#else
        return Type.GetType("Mono.Runtime") is null
            ? ProcessStart.Of(program + ".exe", arguments) : ProcessStart.Of("mono", [program + ".exe", .. arguments]);
#endif
    }

    // A line without its end was not said.
    private async Task ReadAsync()
    {
        var line = new System.Text.StringBuilder();
        var buffer = new char[1000];
        int count;
        while ((count = await _process.StandardOutput.ReadAsync(buffer)) > 0)
        {
            foreach (char c in buffer.AsSpan(0, count).ToString())
            {
                if (c != '\n')
                {
                    line.Append(c);
                    continue;
                }

                lock (_said)
                    _said.Add(line.ToString().TrimEnd('\r'));
                line.Clear();
            }
        }
    }
}
