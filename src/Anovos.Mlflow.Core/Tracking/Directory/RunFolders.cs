namespace Anovos.Mlflow.Tracking;

/// <summary>
/// Reads the runs of an <c>mlruns</c> folder: <c>&lt;experiment&gt;/&lt;run&gt;/</c> with <c>meta.yaml</c>, <c>params/</c>,
/// <c>metrics/</c>, <c>tags/</c>.
/// </summary>
internal sealed class RunFolders(ExperimentFolders experiments, string trackingUri, Action<string> warn)
{
    // Other folders next to an experiment's runs.
    private static readonly string[] Reserved = [KeyFiles.Tags, "datasets", "traces", "models"];

    /// <summary>Returns the folder of the run.</summary>
    /// <exception cref="MlflowException">
    /// <see cref="ErrorKind.RunNotFound"/>; <see cref="ErrorKind.InvalidValue"/> for an invalid run id.
    /// </exception>
    public string Folder(string runId, CancellationToken cancellationToken)
    {
        if (!Run.IsRunId(runId))
        {
            throw new MlflowException(ErrorKind.InvalidValue,
                $"'{runId}' is not a run id. A run id consists of letters, digits, dashes and underscores.")
            { Target = runId };
        }

        IEnumerable<string> folders = experiments.All().Select(experiment => Path.Combine(experiment, runId))
            .Where(folder => !Reserved.Contains(runId) && Directory.Exists(folder));
        string? copy = null;
        foreach (string folder in folders)
        {
            if (OriginalOf(folder, cancellationToken) is null)
                return folder;
            copy = folder;
        }

        return copy ?? throw new MlflowException(ErrorKind.RunNotFound, $"There is no run '{runId}' in {trackingUri}.") { Target = runId };
    }

    /// <summary>Returns the run with that id.</summary>
    /// <exception cref="MlflowException"><see cref="ErrorKind.RunNotFound"/></exception>
    public Run Get(string runId, CancellationToken cancellationToken)
    {
        string folder = Folder(runId, cancellationToken);
        RunMeta meta = RunMeta.Read(folder, warn, cancellationToken);
        if (Original(meta) is { } original)
        {
            throw new MlflowException(
                ErrorKind.StoreInvalid, $"'{folder}' is a copy of '{original}': its meta.yaml names that run.")
            { Target = runId };
        }

        string experiment = ForeignFile.SkipUnreadable(() => experiments.Get(meta.ExperimentId, cancellationToken))?.Name ?? "";
        return Data(Bare(meta, experiment, folder), folder, cancellationToken);
    }

    /// <summary>
    /// Returns the runs that can be read, in no particular order and without params, metrics and tags, each with its folder.
    /// </summary>
    public IEnumerable<KeyValuePair<Run, string?>> List(IEnumerable<string> experimentIds, CancellationToken cancellationToken)
    {
        foreach (string id in experimentIds.Distinct(StringComparer.Ordinal))
        {
            if (experiments.Find(id) is not { } folder
                || ForeignFile.Skip(() => experiments.Get(id, cancellationToken), warn, folder) is not { } experiment)
            {
                continue;
            }

            string[] runs = [.. Directory.EnumerateDirectories(folder).Where(IsRun)];
            foreach (RunMeta meta in ManyRuns.Read(runs, run => Meta(run, cancellationToken), cancellationToken))
            {
                string run = Path.Combine(folder, meta.RunId);
                yield return new KeyValuePair<Run, string?>(Bare(meta, experiment.Name, run), run);
            }
        }
    }

    /// <summary>Whether a folder in an experiment's folder is a run.</summary>
    public static bool IsRun(string folder) => !Reserved.Contains(Path.GetFileName(folder));

    /// <summary>Returns every point of a metric, in the order written; none for a key that the run does not have.</summary>
    /// <param name="runId">The run.</param>
    /// <param name="key">The name of the metric.</param>
    /// <param name="cancellationToken">Cancels the operation.</param>
    /// <param name="asWritten">See <see cref="MetricFile.Read"/>.</param>
    /// <exception cref="MlflowException"><see cref="ErrorKind.RunNotFound"/></exception>
    public IReadOnlyList<Metric> History(string runId, string key, CancellationToken cancellationToken, bool asWritten = false)
    {
        cancellationToken.ThrowIfCancellationRequested();
        string folder = Folder(runId, cancellationToken);
        string? path = new KeyFiles(folder, KeyFiles.Metrics).All().FirstOrDefault(file => file.Key == key).Value;
        return path is null ? [] : [.. MetricFile.Read(folder, key, path, warn, asWritten)];
    }

    /// <summary>Reads the params, metrics and tags of a run.</summary>
    public Run Data(Run bare, string folder, CancellationToken cancellationToken)
    {
        var metrics = new Dictionary<string, double>(StringComparer.Ordinal);
        foreach (var file in new KeyFiles(folder, KeyFiles.Metrics).All())
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (ForeignFile.Skip(() => MetricFile.Latest(folder, file.Key, file.Value, warn), warn, file.Value) is { } latest)
                metrics[file.Key] = latest.Value;
        }

        var tags = new KeyFiles(folder, KeyFiles.Tags).ReadAll(warn, cancellationToken);
        return bare with
        {
            RunName = bare.RunName.Length == 0 && tags.TryGetValue(RunTags.RunName, out string? name) ? name : bare.RunName,
            Params = new KeyFiles(folder, KeyFiles.Params).ReadAll(warn, cancellationToken),
            Metrics = metrics,
            Tags = tags,
            Inputs = InputFiles.Read(folder, warn, cancellationToken),
            Models = ModelLinkFiles.Read(folder, warn, cancellationToken),
        };
    }

    private RunMeta? Meta(string folder, CancellationToken cancellationToken) => ForeignFile.Skip(
        () =>
        {
            RunMeta meta = RunMeta.Read(folder, warn, cancellationToken);
            if (Original(meta) is not { } original)
                return meta;
            warn($"'{folder}' is a copy of '{original}': its meta.yaml names that run. The copy is left out.");
            return null;
        },
        warn: _ => { },
        folder);

    private string? OriginalOf(string folder, CancellationToken cancellationToken) =>
        ForeignFile.SkipUnreadable(() => Original(RunMeta.Read(folder, _ => { }, cancellationToken)));

    // The folder of the run that the file names, if that is another run and exists.
    private string? Original(RunMeta meta) =>
        meta.Recorded is var (runId, experimentId) && Run.IsRunId(runId) && experiments.Find(experimentId) is { } experiment
        && Path.Combine(experiment, runId) is var folder && Directory.Exists(folder)
            ? folder
            : null;

    private Run Bare(RunMeta meta, string experiment, string folder) => new()
    {
        RunId = meta.RunId,
        ExperimentId = meta.ExperimentId,
        Experiment = experiment,
        RunName = meta.RunName,
        Status = meta.Status,
        StartTime = meta.StartTime,
        EndTime = meta.EndTime,
        UserId = meta.UserId,
        ArtifactUri = LocalRoot.Resolve(meta.ArtifactUri, $"{meta.ExperimentId}/{meta.RunId}/artifacts", Path.Combine(folder, "artifacts")),
        LifecycleStage = meta.LifecycleStage,
        DeletedTime = meta.DeletedTime,
        Origin = meta.Origin,
        TrackingUri = trackingUri,
    };
}
