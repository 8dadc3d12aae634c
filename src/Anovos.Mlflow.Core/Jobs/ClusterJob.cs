using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace Anovos.Mlflow.Jobs;

/// <summary>
/// A workflow to run as a one-time job of a Databricks workspace: a Python file on a cluster or on serverless compute.
/// </summary>
public sealed record ClusterJob
{
    // The limits for environment variables of serverless jobs.
    private const int MaximumVariables = 20, LongestVariable = 512, FirstVersionWithVariables = 5;

    private static readonly Regex VariableName = new("^[A-Za-z_][A-Za-z0-9_]*$", RegexOptions.CultureInvariant);

    /// <summary>The workflow file on this machine. Its path on the cluster and the run type come after <see cref="Arguments"/>.</summary>
    public required string ConfigPath { get; init; }

    /// <summary>
    /// The Python file, such as Anovos' <c>main.py</c>: a path in the workspace or in a volume, a URI of cloud storage, or a path in
    /// <see cref="GitSource"/>.
    /// </summary>
    public required string PythonFile { get; init; }

    /// <summary>The arguments of the Python file before the workflow file.</summary>
    public IReadOnlyList<string> Arguments { get; init; } = [];

    /// <summary>Anovos' run type.</summary>
    public string RunType { get; init; } = "databricks";

    /// <summary>
    /// The id of an existing cluster. Otherwise <see cref="NewCluster"/> describes the cluster to create, or
    /// <see cref="ServerlessEnvironment"/> selects serverless compute.
    /// </summary>
    public string? ClusterId { get; init; }

    /// <summary>The <c>new_cluster</c> of the Jobs API, as JSON.</summary>
    public string? NewCluster { get; init; }

    /// <summary>For serverless compute: the <c>spec</c> of an environment in the Jobs API, as JSON.</summary>
    public string? ServerlessEnvironment { get; init; }

    /// <summary>The Git repository with the Python file: the <c>git_source</c> of the Jobs API, as JSON.</summary>
    public string? GitSource { get; init; }

    /// <summary>The <c>libraries</c> of the Jobs API, as JSON.</summary>
    public string? Libraries { get; init; }

    /// <summary>
    /// The folder for the workflow file during the job: in the workspace, or in a volume (<c>/Volumes/…</c>); null for one in the user's
    /// own folder.
    /// </summary>
    public string? Folder { get; init; }

    /// <summary>The environment variables of the workflow.</summary>
    public IReadOnlyDictionary<string, string> Environment { get; init; } = new Dictionary<string, string>();

    /// <summary>The timeout, including the start of the cluster; null for none.</summary>
    public TimeSpan? Timeout { get; init; }

    /// <summary>The name of the job run.</summary>
    public required string Name { get; init; }

    /// <summary>Serializes dictionaries, lists and plain values to JSON.</summary>
    public static string ToJson(object? value) => JsonSerializer.Serialize(value);

    /// <summary>How the environment variables reach the Python file.</summary>
    internal VariablePassing Passing =>
        Environment.Count == 0 ? VariablePassing.None
        : NewCluster is not null ? VariablePassing.Cluster
        : ServerlessEnvironment is not null && TakesVariables() ? VariablePassing.Serverless
        : VariablePassing.Launcher;

    /// <summary>Throws for settings that cannot work, before any request is sent.</summary>
    /// <exception cref="MlflowException"><see cref="ErrorKind.InvalidValue"/>.</exception>
    internal void Check()
    {
        if (NewCluster is not null)
            ClusterSpecification();
        if (ServerlessEnvironment is not null)
            EnvironmentSpecification();
        LibraryList();
        GitRepository();
        if (GitSource is not null && PythonFile.StartsWith("/", StringComparison.Ordinal))
            throw new MlflowException(ErrorKind.InvalidValue, $"'{PythonFile}' is not a path in the Git repository. Give a relative "
                + "path, such as src/main.py.")
            { Target = PythonFile };
        if (Passing == VariablePassing.Launcher)
            LaunchedFile();
    }

    /// <summary>Returns the new cluster, with the environment in its <c>spark_env_vars</c>.</summary>
    /// <exception cref="MlflowException"><see cref="ErrorKind.InvalidValue"/> if it is not a JSON object.</exception>
    internal JsonObject ClusterSpecification()
    {
        JsonObject cluster = ParseObject(NewCluster!, "cluster");
        if (Environment.Count == 0)
            return cluster;
        if (cluster["spark_env_vars"] is not JsonObject variables)
            cluster["spark_env_vars"] = variables = [];
        foreach (KeyValuePair<string, string> variable in Environment)
            variables[variable.Key] = variable.Value;
        return cluster;
    }

    /// <summary>The serverless environment.</summary>
    /// <inheritdoc cref="ClusterSpecification"/>
    internal JsonObject EnvironmentSpecification() => ParseObject(ServerlessEnvironment!, "serverless environment");

    /// <summary>The Git repository; null if there is none.</summary>
    /// <inheritdoc cref="ClusterSpecification"/>
    internal JsonObject? GitRepository() => GitSource is null ? null : ParseObject(GitSource, "Git repository");

    /// <summary>The libraries; null if there are none.</summary>
    /// <inheritdoc cref="ClusterSpecification"/>
    internal JsonArray? LibraryList() => Libraries is null ? null : Parse(Libraries, "libraries") as JsonArray ?? throw NotJson("libraries", "a list", null);

    /// <summary>Returns the path of the Python file for a launcher on the cluster.</summary>
    /// <exception cref="MlflowException"><see cref="ErrorKind.InvalidValue"/> if the launcher cannot find it.</exception>
    internal string LaunchedFile()
    {
        if (GitSource is not null)
        {
            string instead = ServerlessEnvironment is null
                ? "Use -NewCluster, or a file in the workspace or in a volume."
                : "Use environment_version 5 or later in a workspace that has environment variables for serverless jobs (a preview), or "
                    + "a file in the workspace or in a volume.";
            throw new MlflowException(ErrorKind.InvalidValue, $"'{PythonFile}' in a Git repository cannot receive environment "
                + $"variables on this compute, so it cannot join the run. {instead}")
            { Target = PythonFile };
        }

        string file = PythonFile.StartsWith("dbfs:/Volumes/", StringComparison.Ordinal) ? PythonFile.Substring(5) : PythonFile;
        if (file.StartsWith("dbfs:/", StringComparison.Ordinal) && ServerlessEnvironment is null)
            return "/dbfs" + file.Substring(5);
        if (!file.StartsWith("/", StringComparison.Ordinal))
        {
            string where = ServerlessEnvironment is null ? "on a cluster that is already running"
                : "on serverless compute with this environment version";
            throw new MlflowException(ErrorKind.InvalidValue, $"'{PythonFile}' cannot be started {where}, because it could not be "
                + "given the run to join. Give a path in the workspace or in a volume, or use a new cluster.")
            { Target = PythonFile };
        }

        return file.StartsWith("/Workspace/", StringComparison.Ordinal) || file.StartsWith("/Volumes/", StringComparison.Ordinal)
            || file.StartsWith("/dbfs/", StringComparison.Ordinal) ? file : "/Workspace" + file;
    }

    private bool TakesVariables()
    {
        JsonObject spec = EnvironmentSpecification();
        string version = (spec["environment_version"] ?? spec["client"])?.ToString() ?? "";
        return int.TryParse(version, out int number) && number >= FirstVersionWithVariables
            && Environment.Count <= MaximumVariables
            && Environment.All(variable => VariableName.IsMatch(variable.Key) && variable.Value.Length <= LongestVariable);
    }

    private static JsonObject ParseObject(string json, string what) =>
        Parse(json, what) as JsonObject ?? throw NotJson(what, "an object", null);

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
        new(ErrorKind.InvalidValue, $"The description of the {what} is not {wanted}, as the Databricks Jobs API requires{(cause is null ? "" : $": {cause.Message}")}", cause);
}

/// <summary>How environment variables reach the program of a job.</summary>
internal enum VariablePassing
{
    /// <summary>There are none.</summary>
    None,

    /// <summary>In <c>spark_env_vars</c> of the new cluster.</summary>
    Cluster,

    /// <summary>In <c>environment_variables</c> of the serverless run, which not every workspace supports yet.</summary>
    Serverless,

    /// <summary>As an argument of a launcher, which sets them and runs the program.</summary>
    Launcher,
}
