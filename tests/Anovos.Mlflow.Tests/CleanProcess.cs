using System.Diagnostics;

namespace Anovos.Mlflow.Tests;

/// <summary>Runs a process with only the environment that it is given.</summary>
internal static class CleanProcess
{
    /// <summary>Finds a program on the PATH; returns null if it is missing.</summary>
    public static string? Find(string program) =>
        CleanEnvironment.SearchPath.Split(Path.PathSeparator)
            .Select(folder => Path.Combine(folder, OperatingSystem.IsWindows() ? program + ".exe" : program)).FirstOrDefault(File.Exists);

    public static (int ExitCode, string Output, string Error) Run(string program, IEnumerable<string> arguments, string folder, params IEnumerable<(string Name, string? Value)> environment)
    {
        var start = new ProcessStartInfo(program, arguments) { WorkingDirectory = folder, RedirectStandardOutput = true, RedirectStandardError = true };
        Give(start, environment);
        using Process process = Process.Start(start)!;
        Task<string> output = process.StandardOutput.ReadToEndAsync(), error = process.StandardError.ReadToEndAsync();
        process.WaitForExit();
        return (process.ExitCode, output.Result, error.Result);
    }

    /// <summary>Gives a process these environment variables and no others.</summary>
    public static void Give(ProcessStartInfo start, IEnumerable<(string Name, string? Value)> environment)
    {
        start.Environment.Clear();
        foreach ((string name, string? value) in environment)
            start.Environment[name] = value;
    }
}
