using System.Diagnostics;
using Anovos.Mlflow.StoreWriter;

namespace Anovos.Mlflow.Tests.Robustness;

/// <summary>A process that writes to a directory store or a database, and what it has said to have written.</summary>
internal sealed class WriterProcess : IDisposable
{
    private readonly Process _process;
    private readonly Task _reading;
    private readonly Task<string> _errors;
    private readonly List<string> _said = [];

    public WriterProcess(string root, int number, string? runId)
    {
        Plan = new Plan(number);
        ProcessStartInfo start = StoreWriter(root, $"{number}", runId ?? "-");
        (start.RedirectStandardInput, start.RedirectStandardOutput, start.RedirectStandardError) = (true, true, true);
        // The runtime that runs this test, wherever it is installed.
        start.Environment["DOTNET_ROOT"] = Path.GetFullPath(Path.Combine(Path.GetDirectoryName(typeof(object).Assembly.Location)!, "..", "..", ".."));
        _process = Process.Start(start)!;
        _reading = Task.Run(ReadAsync);
        _errors = _process.StandardError.ReadToEndAsync();
    }

    public Plan Plan { get; }

    /// <summary>Operations that it said were done; they are counted from 0.</summary>
    public int Done => Said.Count(line => line.StartsWith("done ", StringComparison.Ordinal));

    /// <summary>The run that it writes to; null when it did not say so.</summary>
    public string? RunId => After("run ");

    /// <summary>The experiment that all writers share; null when it did not say so.</summary>
    public string? ExperimentId => After("experiment ");

    /// <summary>The experiments it said it made, each with a run, by operation.</summary>
    public IEnumerable<(int Operation, string ExperimentId, string RunId)> Made => Said.Select(line => line.Split(' '))
        .Where(words => words.Length == 4).Select(words => (int.Parse(words[1]), words[2], words[3]));

    private string[] Said
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

    /// <summary>Kills it as <c>kill -9</c> does.</summary>
    public async Task KillAsync()
    {
        _process.Kill();
        await _process.WaitForExitAsync();
        await _reading;
        // 137: by the signal. Anything else is a failure of its own.
        Assert.True(_process.ExitCode is 137 or -1, $"writer {Plan.Number} ended with {_process.ExitCode}: {await _errors}");
    }

    /// <summary>Has it end after what it is at.</summary>
    public async Task StopAsync()
    {
        _process.StandardInput.Close();
        await _process.WaitForExitAsync();
        await _reading;
        Assert.True(_process.ExitCode == 0, $"writer {Plan.Number} failed: {await _errors}");
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

    private string? After(string word) =>
        Said.FirstOrDefault(line => line.StartsWith(word, StringComparison.Ordinal))?.Substring(word.Length);

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
