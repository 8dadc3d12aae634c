using System.Globalization;

namespace Anovos.Mlflow.TestServer;

/// <summary>The experiments and runs of a server, protected by one lock.</summary>
internal sealed class TrackingState
{
    private readonly string _artifactRoot;

    public TrackingState(MlflowVersion version, string artifactRoot)
    {
        Version = version;
        _artifactRoot = artifactRoot;
        AddExperiment("Default", null, null);
    }

    public MlflowVersion Version { get; }

    public OrderedDictionary<string, StoredExperiment> Experiments { get; } = [];

    public OrderedDictionary<string, StoredRun> Runs { get; } = [];

    public OrderedDictionary<string, StoredModel> Models { get; } = [];

    public OrderedDictionary<string, StoredLoggedModel> LoggedModels { get; } = [];

    public StoredExperiment AddExperiment(string name, string? artifactLocation, string? owner)
    {
        string id = Experiments.Count.ToString(CultureInfo.InvariantCulture);
        return Experiments[id] = new StoredExperiment
        {
            ExperimentId = id,
            Name = name,
            ArtifactLocation = string.IsNullOrEmpty(artifactLocation) ? $"{_artifactRoot}{id}" : artifactLocation,
            Owner = owner,
        };
    }

    public StoredExperiment Experiment(string id)
    {
        if (Version >= MlflowVersion.V3_11 && !long.TryParse(id, NumberStyles.None, CultureInfo.InvariantCulture, out _))
            throw ApiException.Invalid($"Invalid experiment ID '{id}'. Experiment ID must be a valid integer.");
        return Experiments.GetValueOrDefault(id) ?? throw ApiException.NotFound($"No Experiment with id={id} exists");
    }

    public StoredExperiment ActiveExperiment(string id)
    {
        var experiment = Experiment(id);
        return experiment.LifecycleStage == "active" ? experiment : throw NotActive("experiment", id, experiment.LifecycleStage);
    }

    public StoredRun Run(string id) => Runs.GetValueOrDefault(id) ?? throw ApiException.NotFound($"Run with id={id} not found");

    public StoredRun ActiveRun(string id)
    {
        var run = Run(id);
        return run.LifecycleStage == "active" ? run : throw NotActive("run", id, run.LifecycleStage);
    }

    private static ApiException NotActive(string what, string id, string stage) =>
        ApiException.Invalid($"The {what} {id} must be in the 'active' state. Current state is {stage}.");
}
