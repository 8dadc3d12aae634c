using System.Text.Json.Nodes;
using System.Text.Json;

namespace Anovos.Mlflow.Jobs;

/// <summary>A workflow that is to run as a job of a Databricks workspace: a Python file on one cluster.</summary>
public sealed record ClusterJob
{
    /// <summary>The workflow file on this machine. Its path on the cluster and the run type follow <see cref="Arguments"/>.</summary>
    public required string ConfigPath { get; init; }

    /// <summary>The Python file, as Anovos' <c>main.py</c>: a path of the workspace or a volume, or a URI of a cloud store.</summary>
    public required string PythonFile { get; init; }

    /// <summary>Arguments of the Python file before the workflow file.</summary>
    public IReadOnlyList<string> Arguments { get; init; } = [];

    /// <summary>Anovos' run type.</summary>
    public string RunType { get; init; } = "databricks";

    /// <summary>The cluster that is there already; else <see cref="NewCluster"/> says which one is made.</summary>
    public string? ClusterId { get; init; }

    /// <summary>What the Jobs API takes as <c>new_cluster</c>, as JSON.</summary>
    public string? NewCluster { get; init; }

    /// <summary>What the Jobs API takes as <c>libraries</c>, as JSON.</summary>
    public string? Libraries { get; init; }

    /// <summary>Where the workflow file is put for the time of the job: a folder of the workspace, or of a volume (<c>/Volumes/…</c>); null for one of the user's own.</summary>
    public string? Folder { get; init; }

    /// <summary>Environment variables of the workflow.</summary>
    public IReadOnlyDictionary<string, string> Environment { get; init; } = new Dictionary<string, string>();

    /// <summary>How long it may take, the cluster's start with it; null for as long as it takes.</summary>
    public TimeSpan? Timeout { get; init; }

    /// <summary>The job run's name.</summary>
    public required string Name { get; init; }

    /// <summary>JSON of dictionaries, lists and plain values.</summary>
    public static string ToJson(object? value) => JsonSerializer.Serialize(value);

    /// <summary>Whether its Python file is started by a launcher that sets the environment, which a cluster that runs already has long got.</summary>
    internal bool NeedsLauncher => ClusterId is not null && Environment.Count > 0;

    /// <summary>The new cluster with the environment in its <c>spark_env_vars</c>.</summary>
    /// <exception cref="MlflowException"><see cref="ErrorKind.InvalidValue"/> for what is no JSON object.</exception>
    internal JsonObject ClusterSpecification()
    {
        JsonObject cluster = Parse(NewCluster!, "cluster") as JsonObject ?? throw NotJson("cluster", "an object", null);
        if (Environment.Count == 0)
            return cluster;
        if (cluster["spark_env_vars"] is not JsonObject variables)
            cluster["spark_env_vars"] = variables = [];
        foreach (KeyValuePair<string, string> variable in Environment)
            variables[variable.Key] = variable.Value;
        return cluster;
    }

    /// <summary>The libraries; null when there are none.</summary>
    /// <inheritdoc cref="ClusterSpecification"/>
    internal JsonArray? LibraryList() => Libraries is null ? null : Parse(Libraries, "libraries") as JsonArray ?? throw NotJson("libraries", "a list", null);

    private static JsonNode? Parse(string json, string what)
    {
        try
        {
            return JsonNode.Parse(json);
        }
        catch (JsonException e)
        {
            throw NotJson(what, "JSON", e);
        }
    }

    private static MlflowException NotJson(string what, string wanted, Exception? cause) =>
        new(ErrorKind.InvalidValue, $"The description of the {what} is not {wanted}, as the Jobs API of Databricks takes it{(cause is null ? "" : $": {cause.Message}")}", cause);
}
