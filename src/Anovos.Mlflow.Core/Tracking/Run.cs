using System.Text.RegularExpressions;

namespace Anovos.Mlflow.Tracking;

/// <summary>A run, as it was when it was read.</summary>
public sealed record Run
{
    private static readonly Regex IdForm = new(@"^[a-zA-Z0-9][\w\-]{0,255}\z", RegexOptions.CultureInvariant);

    /// <summary>The id: 32 hex digits.</summary>
    public required string RunId { get; init; }

    /// <summary>The id of its experiment.</summary>
    public required string ExperimentId { get; init; }

    /// <summary>The name of its experiment; empty if it was not read from the store.</summary>
    public string Experiment { get; init; } = "";

    /// <summary>The name; not necessarily unique.</summary>
    public string RunName { get; init; } = "";

    /// <summary>The status.</summary>
    public RunStatus Status { get; init; }

    /// <summary>The start time.</summary>
    public DateTimeOffset StartTime { get; init; }

    /// <summary>The end time; null while it is running.</summary>
    public DateTimeOffset? EndTime { get; init; }

    /// <summary>The duration; null while it is running.</summary>
    public TimeSpan? Duration => Status == RunStatus.Running ? null : EndTime - StartTime;

    /// <summary>The user who started it.</summary>
    public string UserId { get; init; } = "";

    /// <summary>The URI of its artifacts.</summary>
    public string ArtifactUri { get; init; } = "";

    /// <summary>Whether it is in the trash.</summary>
    public LifecycleStage LifecycleStage { get; init; }

    /// <summary>The URI of the store that holds it.</summary>
    public string TrackingUri { get; init; } = "";

    /// <summary>The server's workspace that holds it; null if it was not requested.</summary>
    public string? Workspace { get; init; }

    /// <summary>Its params.</summary>
    public IReadOnlyDictionary<string, string> Params { get; init; } = new Dictionary<string, string>();

    /// <summary>Its metrics, with the latest value of each key. For the history, use <c>metrics/get-history</c>.</summary>
    public IReadOnlyDictionary<string, double> Metrics { get; init; } = new Dictionary<string, double>();

    /// <summary>Its tags, including those that MLflow sets.</summary>
    public IReadOnlyDictionary<string, string> Tags { get; init; } = new Dictionary<string, string>();

    /// <summary>The datasets that it reads.</summary>
    public IReadOnlyList<DatasetInput> Inputs { get; init; } = [];

    /// <summary>The logged models that it reads and those that it created.</summary>
    internal ModelLinks Models { get; init; } = ModelLinks.None;

    /// <summary>What started it; null if the store does not say.</summary>
    internal RunOrigin? Origin { get; init; }

    /// <summary>The time when it was moved to the trash; null if it is not in the trash, or if the store does not say.</summary>
    internal DateTimeOffset? DeletedTime { get; init; }

    /// <inheritdoc/>
    public override string ToString() => RunId;

    /// <summary>Whether the text has the form of a run id. An id becomes part of a path on MLflow's server.</summary>
    public static bool IsRunId(string value) => IdForm.IsMatch(value);

    /// <summary>Creates the error for a text that is not a run id.</summary>
    internal static MlflowException NotAnId(string value) => new(
        ErrorKind.InvalidValue, $"'{value}' is not a run id. A run id consists of letters, digits, dashes and underscores.")
    { Target = value };

    /// <summary>The same run, with the name of its experiment.</summary>
    public Run In(Experiment experiment) => this with { Experiment = experiment.Name };

    /// <summary>Returns the address of its page for a browser; null if its store has no pages.</summary>
    /// <param name="workspaceUrl">The address of the Databricks workspace, if the store is one.</param>
    public string? PageIn(string? workspaceUrl)
    {
        string page = $"experiments/{Uri.EscapeDataString(ExperimentId)}/runs/{Uri.EscapeDataString(RunId)}";

        // Newer versions show their GenAI pages unless the query asks for those of model training. 3.11 and older ignore the query: 3.11
        // shows the run in whichever of the two the browser had last.
        string workspace = Workspace is null ? "" : $"&workspace={Uri.EscapeDataString(Workspace)}";
        if (TrackingUri.StartsWith("http", StringComparison.OrdinalIgnoreCase))
            return $"{TrackingUri}/#/{page}?workflowType=machine_learning{workspace}";
        return workspaceUrl is not null && TrackingUri.StartsWith("databricks", StringComparison.Ordinal) ? $"{workspaceUrl}/ml/{page}" : null;
    }
}
