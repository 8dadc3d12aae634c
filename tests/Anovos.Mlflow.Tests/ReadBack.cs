using System.Text.Json;

namespace Anovos.Mlflow.Tests;

/// <summary>Reads runs with MLflow's own Python client, if it is available.</summary>
internal static class ReadBack
{
    /// <summary>
    /// The store to write to: a folder, a database, or the server in <c>ANOVOS_TEST_TRACKING_URI</c>. Skips the test if a requirement is
    /// missing.
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

    /// <summary>The Python interpreter in <c>ANOVOS_TEST_MLFLOW_PYTHON</c>.</summary>
    public static string Python()
    {
        string? python = Environment.GetEnvironmentVariable("ANOVOS_TEST_MLFLOW_PYTHON");
        Assert.SkipWhen(string.IsNullOrEmpty(python), "ANOVOS_TEST_MLFLOW_PYTHON names no Python with mlflow");
        return python!;
    }

    /// <summary>A run, as MLflow's client reads it.</summary>
    public static JsonElement Run(string uri, string runId, string folder) => OfFileStore("read_run.py", folder, uri, runId);

    /// <summary>The data frame of MLflow's client, as objects.</summary>
    public static JsonElement SearchRuns(string uri, string experiment, string folder) =>
        OfFileStore("search_runs.py", folder, uri, experiment);

    /// <summary>A registered model and its version with an alias, as MLflow's client reads them.</summary>
    public static JsonElement Model(string uri, string name, string alias, string folder) =>
        JsonDocument.Parse(Script("read_model.py", folder, uri, name, alias)).RootElement.Clone();

    /// <summary>All registered models, as MLflow's client reads them.</summary>
    public static JsonElement Registry(string uri, string folder) =>
        JsonDocument.Parse(Script("read_registry.py", folder, uri)).RootElement.Clone();

    /// <summary>The output of a script of <c>tests/readback</c>.</summary>
    public static string Script(string script, string folder, params string[] arguments)
    {
        (int exitCode, string output, string error) = HostTests.Run(Python(), [Path.Combine(Repository.Root, "tests", "readback", script), .. arguments], folder, keep: ["MLFLOW_ALLOW_FILE_STORE"]);
        Assert.True(exitCode == 0, error);
        return output;
    }

    private static JsonElement OfFileStore(string script, string folder, params string[] arguments)
    {
        // MLflow 3 reads a directory store only with this variable.
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
