using System.Diagnostics;
using System.Text.Json.Nodes;

namespace Anovos.Mlflow.Tests.Tracking;

/// <summary>Runs MLflow's own client if <c>ANOVOS_TEST_MLFLOW_PYTHON</c> names a Python that has it.</summary>
internal static class MlflowPython
{
    /// <summary>The path of the Python executable.</summary>
    public static string Program => Path!;

    private static string? Path => Environment.GetEnvironmentVariable("ANOVOS_TEST_MLFLOW_PYTHON");

    public static bool IsThere => !string.IsNullOrEmpty(Path);

    /// <summary>Skips the test if there is no such Python.</summary>
    public static void Require() => Assert.SkipUnless(IsThere, "ANOVOS_TEST_MLFLOW_PYTHON names no Python with mlflow");

    /// <summary>Returns the content of a store as MLflow reads it, in the form of <see cref="StoreContent"/>.</summary>
    public static async Task<string> ReadAsync(string uri) =>
        StoreContent.Normalize(JsonNode.Parse(await RunAsync(Start("read_database.py", uri)))!);

    /// <summary>Starts a script of <c>tests/readback</c>.</summary>
    public static Process Start(string script, params string[] arguments)
    {
        string file = System.IO.Path.Combine(SharedMaterial.Repository()!, "tests", "readback", script);
        var start = ProcessStart.Of(Path!, [file, .. arguments]);
        (start.RedirectStandardOutput, start.RedirectStandardError) = (true, true);
        start.Environment["MLFLOW_DISABLE_TELEMETRY"] = "true";
        return Process.Start(start)!;
    }

    /// <summary>Returns the output of the script after it has ended.</summary>
    public static async Task<string> RunAsync(Process process)
    {
        using (process)
        {
            Task<string> errors = process.StandardError.ReadToEndAsync();
            string output = await process.StandardOutput.ReadToEndAsync();
            await process.WaitForExitAsync();
            Assert.True(process.ExitCode == 0, await errors);
            return output;
        }
    }
}
