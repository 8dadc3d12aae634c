namespace Anovos.Mlflow.Tracking;

/// <summary>The content of a run's <c>meta.yaml</c>.</summary>
internal sealed record RunMeta(string RunId, string ExperimentId, string RunName, string UserId, DateTimeOffset StartTime, string ArtifactUri)
{
    // Used if the file has no readable time.
    private static DateTimeOffset NoTime => DateTimeOffset.FromUnixTimeMilliseconds(0);

    public RunStatus Status { get; init; } = RunStatus.Running;

    public DateTimeOffset? EndTime { get; init; }

    public LifecycleStage LifecycleStage { get; init; }

    public DateTimeOffset? DeletedTime { get; init; }

    public RunOrigin Origin { get; init; } = new("LOCAL", "", "", "");

    /// <summary>The ids in the file if they differ from those of the folder; null if they are the same or missing.</summary>
    public (string RunId, string ExperimentId)? Recorded { get; private init; }

    /// <summary>
    /// Reads the file from the run's folder. Leaves out fields that cannot be read. The ids are always those of the folders.
    /// </summary>
    /// <exception cref="MlflowException">
    /// <see cref="ErrorKind.StoreInvalid"/> if the file is missing and the folder contains no data.
    /// </exception>
    public static RunMeta Read(string folder, Action<string> warn, CancellationToken cancellationToken = default)
    {
        string id = Path.GetFileName(folder), experimentId = Path.GetFileName(Path.GetDirectoryName(folder)!);
        if (!MetaFile.Exists(folder) && HasData(folder))
        {
            warn($"{Path.Combine(folder, "meta.yaml")} is missing. Only params, metrics, tags and artifacts of the run can be read.");
            return new RunMeta(id, experimentId, "", "", NoTime, "");
        }

        MetaFile file = MetaFile.Read(folder, warn, cancellationToken);

        // At first, MLflow wrote only run_uuid, then both, and since 3.0 only run_id.
        string? recorded = file.Find("run_id") ?? file.Find("run_uuid"), recordedExperiment = file.Find("experiment_id");
        if (recorded is null)
            file.Warn("run_id", "is missing");
        if (recordedExperiment is null)
            file.Warn("experiment_id", "is missing");
        if (file.Find("start_time") is null)
            file.Warn("start_time", "is missing");
        long status = file.Number("status") ?? (long)RunStatus.Running;
        if (!Enum.IsDefined(typeof(RunStatus), (int)Math.Max(0, Math.Min(status, 99))))
        {
            file.Warn("status", "is not 1 to 5");
            status = (long)RunStatus.Running;
        }

        bool isOther = (recorded is not null && recorded != id) || (recordedExperiment is not null && recordedExperiment != experimentId);
        return new RunMeta(
            id,
            experimentId,
            file.Find("run_name") ?? "",
            file.Find("user_id") ?? "",
            file.Time("start_time") ?? NoTime,
            file.Find("artifact_uri") ?? "")
        {
            Status = (RunStatus)status,
            EndTime = file.Time("end_time"),
            LifecycleStage = file.Stage(),
            DeletedTime = file.Time("deleted_time"),
            Origin = new RunOrigin(
                RunOrigin.TypeOf(file.Number("source_type")),
                file.Find("source_name") ?? "",
                file.Find("entry_point_name") ?? "",
                file.Find("source_version") ?? ""),
            Recorded = isOther ? (recorded ?? id, recordedExperiment ?? experimentId) : null,
        };
    }

    /// <summary>Writes the file to the run's folder, with every field that any version of MLflow reads, in MLflow's order.</summary>
    public void Write(string folder, CancellationToken cancellationToken) => MetaFile.Write(folder, $"""
        artifact_uri: {FlatYamlText.Write(ArtifactUri)}
        deleted_time: {MetaFile.Text(DeletedTime?.ToUnixTimeMilliseconds())}
        end_time: {MetaFile.Text(EndTime?.ToUnixTimeMilliseconds())}
        entry_point_name: {FlatYamlText.Write(Origin.EntryPointName)}
        experiment_id: {FlatYamlText.Write(ExperimentId)}
        lifecycle_stage: {MetaFile.Text(LifecycleStage)}
        run_id: {FlatYamlText.Write(RunId)}
        run_name: {FlatYamlText.Write(RunName)}
        run_uuid: {FlatYamlText.Write(RunId)}
        source_name: {FlatYamlText.Write(Origin.SourceName)}
        source_type: {MetaFile.Text(Origin.TypeNumber)}
        source_version: {FlatYamlText.Write(Origin.SourceVersion)}
        start_time: {MetaFile.Text(StartTime.ToUnixTimeMilliseconds())}
        status: {MetaFile.Text((long)Status)}
        tags: []
        user_id: {FlatYamlText.Write(UserId)}

        """.Replace("\r\n", "\n"), cancellationToken);

    // A new run has no data before it has its file. A folder with only artifacts belongs to a database next to it.
    private static bool HasData(string folder)
    {
        string[] keys = [.. new[] { KeyFiles.Metrics, KeyFiles.Params, KeyFiles.Tags }.Select(part => Path.Combine(folder, part))];
        return keys.Any(Directory.Exists) && keys.Take(2).Append(Path.Combine(folder, "artifacts"))
            .Any(part => Directory.Exists(part) && Directory.EnumerateFiles(part, "*", SearchOption.AllDirectories).Any());
    }
}
