namespace Anovos.Mlflow.Tracking;

/// <summary>The runs of an <c>mlruns</c> folder: <c>&lt;experiment&gt;/&lt;run&gt;/</c> with <c>meta.yaml</c>, <c>params/</c>, <c>metrics/</c>, <c>tags/</c>.</summary>
internal sealed class RunFolders(ExperimentFolders experiments, string trackingUri)
{
    // What else stands beside an experiment's runs.
    private static readonly string[] Reserved = [KeyFiles.Tags, "datasets", "traces", "models"];

    /// <summary>The folder of the run.</summary>
    /// <exception cref="MlflowException"><see cref="ErrorKind.RunNotFound"/>; <see cref="ErrorKind.InvalidValue"/> for no run id at all.</exception>
    public string Folder(string runId)
    {
        if (!Run.IsRunId(runId))
        {
            throw new MlflowException(ErrorKind.InvalidValue,
                $"'{runId}' is no run id: letters, digits, dashes and underscores.") { Target = runId };
        }

        return experiments.All().Select(experiment => Path.Combine(experiment, runId))
            .FirstOrDefault(folder => !Reserved.Contains(runId) && Directory.Exists(folder))
            ?? throw new MlflowException(ErrorKind.RunNotFound, $"There is no run '{runId}' in {trackingUri}.") { Target = runId };
    }

    /// <summary>The run of that id.</summary>
    /// <exception cref="MlflowException"><see cref="ErrorKind.RunNotFound"/></exception>
    public Run Get(string runId, CancellationToken cancellationToken)
    {
        string folder = Folder(runId);
        RunMeta meta = RunMeta.Read(folder);
        string experiment = ForeignFile.SkipUnreadable(() => experiments.Get(meta.ExperimentId, cancellationToken))?.Name ?? "";
        return Data(Bare(meta, experiment), folder, cancellationToken);
    }

    /// <summary>The runs that can be read, in no order and without params, metrics and tags, each with its folder.</summary>
    public IEnumerable<KeyValuePair<Run, string?>> List(IEnumerable<string> experimentIds, CancellationToken cancellationToken)
    {
        foreach (string id in experimentIds.Distinct(StringComparer.Ordinal))
        {
            if (experiments.Find(id) is not { } folder
                || ForeignFile.SkipUnreadable(() => experiments.Get(id, cancellationToken)) is not { } experiment)
            {
                continue;
            }

            string[] runs = [.. Directory.EnumerateDirectories(folder).Where(IsRun)];
            foreach (RunMeta meta in ManyRuns.Read(runs, Meta, cancellationToken))
                yield return new KeyValuePair<Run, string?>(Bare(meta, experiment.Name), Path.Combine(folder, meta.RunId));
        }
    }

    /// <summary>Whether a folder of an experiment's is one of a run.</summary>
    public static bool IsRun(string folder) => !Reserved.Contains(Path.GetFileName(folder));

    /// <summary>Every point of a metric, in the order written; none for a key that the run does not have.</summary>
    /// <exception cref="MlflowException"><see cref="ErrorKind.RunNotFound"/>; <see cref="ErrorKind.StoreInvalid"/> for a line that is no point.</exception>
    public IReadOnlyList<Metric> History(string runId, string key, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        string? path = new KeyFiles(Folder(runId), KeyFiles.Metrics).All().FirstOrDefault(file => file.Key == key).Value;
        return path is null ? [] : [.. MetricFile.Read(key, path)];
    }

    /// <summary>The run with its params, metrics and tags.</summary>
    /// <exception cref="MlflowException"><see cref="ErrorKind.StoreInvalid"/> for a metric's file that cannot be read.</exception>
    public static Run Data(Run bare, string folder, CancellationToken cancellationToken)
    {
        var metrics = new Dictionary<string, double>(StringComparer.Ordinal);
        foreach (var file in new KeyFiles(folder, KeyFiles.Metrics).All())
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (MetricFile.Latest(file.Key, file.Value) is { } latest)
                metrics[file.Key] = latest.Value;
        }

        var tags = new KeyFiles(folder, KeyFiles.Tags).ReadAll(cancellationToken);
        return new Run
        {
            RunId = bare.RunId,
            ExperimentId = bare.ExperimentId,
            Experiment = bare.Experiment,
            RunName = bare.RunName.Length == 0 && tags.TryGetValue(RunMeta.NameTag, out string? name) ? name : bare.RunName,
            Status = bare.Status,
            StartTime = bare.StartTime,
            EndTime = bare.EndTime,
            UserId = bare.UserId,
            ArtifactUri = bare.ArtifactUri,
            LifecycleStage = bare.LifecycleStage,
            TrackingUri = bare.TrackingUri,
            Params = new KeyFiles(folder, KeyFiles.Params).ReadAll(cancellationToken),
            Metrics = metrics,
            Tags = tags,
            Inputs = InputFiles.Read(folder, cancellationToken),
        };
    }

    private static RunMeta? Meta(string folder) => ForeignFile.SkipUnreadable(() => RunMeta.Read(folder));

    private Run Bare(RunMeta meta, string experiment) => new()
    {
        RunId = meta.RunId,
        ExperimentId = meta.ExperimentId,
        Experiment = experiment,
        RunName = meta.RunName,
        Status = meta.Status,
        StartTime = meta.StartTime,
        EndTime = meta.EndTime,
        UserId = meta.UserId,
        ArtifactUri = meta.ArtifactUri,
        LifecycleStage = meta.LifecycleStage,
        TrackingUri = trackingUri,
    };
}
