using System.Text.Json;

namespace Anovos.Mlflow.Tests;

/// <summary>Runs as MLflow's own Python client reads them, where there is one.</summary>
internal static class ReadBack
{
    /// <summary>
    /// Where runs are written to: a folder, a database, or the server that <c>ANOVOS_TEST_TRACKING_URI</c> names. Skips the test
    /// where what it needs is missing.
    /// </summary>
    public static string TrackingUri(string where)
    {
        Python();
        if (where == "folder")
            return "./mlruns";
        if (where == "database")
            return "sqlite:///mlflow.db";
        string? uri = Environment.GetEnvironmentVariable("ANOVOS_TEST_TRACKING_URI");
        Assert.SkipWhen(string.IsNullOrEmpty(uri), "ANOVOS_TEST_TRACKING_URI names no MLflow server");
        return uri!;
    }

    /// <summary>The Python that <c>ANOVOS_TEST_MLFLOW_PYTHON</c> names.</summary>
    public static string Python()
    {
        string? python = Environment.GetEnvironmentVariable("ANOVOS_TEST_MLFLOW_PYTHON");
        Assert.SkipWhen(string.IsNullOrEmpty(python), "ANOVOS_TEST_MLFLOW_PYTHON names no Python with mlflow");
        return python!;
    }

    /// <summary>What MLflow's client reads of a run.</summary>
    public static JsonElement Run(string uri, string runId, string folder) => OfFileStore("read_run.py", folder, uri, runId);

    /// <summary>The data frame of MLflow's client, as objects.</summary>
    public static JsonElement SearchRuns(string uri, string experiment, string folder) =>
        OfFileStore("search_runs.py", folder, uri, experiment);

    /// <summary>What MLflow's client reads of a registered model, and of its version with an alias.</summary>
    public static JsonElement Model(string uri, string name, string alias, string folder) =>
        JsonDocument.Parse(Script("read_model.py", folder, uri, name, alias)).RootElement.Clone();

    /// <summary>What MLflow's client reads of all registered models.</summary>
    public static JsonElement Registry(string uri, string folder) =>
        JsonDocument.Parse(Script("read_registry.py", folder, uri)).RootElement.Clone();

    /// <summary>What a script of <c>tests/readback</c> prints.</summary>
    public static string Script(string script, string folder, params string[] arguments)
    {
        (int exitCode, string output, string error) = HostTests.Run(Python(), [Path.Combine(Repository.Root, "tests", "readback", script), .. arguments], folder, keep: ["MLFLOW_ALLOW_FILE_STORE"]);
        Assert.True(exitCode == 0, error);
        return output;
    }

    private static JsonElement OfFileStore(string script, string folder, params string[] arguments)
    {
        // MLflow 3 reads a directory store only when it is told to.
        Environment.SetEnvironmentVariable("MLFLOW_ALLOW_FILE_STORE", "true");
        try
        {
            return JsonDocument.Parse(Script(script, folder, arguments)).RootElement.Clone();
        }
        finally
        {
            Environment.SetEnvironmentVariable("MLFLOW_ALLOW_FILE_STORE", null);
        }
    }

    public static string Text(JsonElement read, string kind, string key) => read.GetProperty(kind).GetProperty(key).GetString()!;
}
