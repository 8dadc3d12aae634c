namespace Anovos.Mlflow.Tracking;

/// <summary>What the <c>meta.yaml</c> of a run says.</summary>
internal sealed record RunMeta(string RunId, string ExperimentId, string RunName, string UserId, DateTimeOffset StartTime, string ArtifactUri)
{
    /// <summary>The tag that repeats a run's name.</summary>
    public const string NameTag = "mlflow.runName";

    public RunStatus Status { get; init; } = RunStatus.Running;

    public DateTimeOffset? EndTime { get; init; }

    public LifecycleStage LifecycleStage { get; init; }

    public DateTimeOffset? DeletedTime { get; init; }

    /// <summary>Reads it from the run's folder.</summary>
    /// <exception cref="MlflowException"><see cref="ErrorKind.StoreInvalid"/> when it cannot be read or is of another run.</exception>
    public static RunMeta Read(string folder)
    {
        MetaFile file = MetaFile.Read(folder);
        var meta = new RunMeta(
            // MLflow wrote run_uuid alone once, then both, and since 3.0 run_id alone.
            file.Find("run_id") ?? file.Text("run_uuid"),
            file.Text("experiment_id"),
            file.Find("run_name") ?? "",
            file.Find("user_id") ?? "",
            file.Time("start_time") ?? throw file.Invalid("has no 'start_time'"),
            file.Find("artifact_uri") ?? "")
        {
            Status = (RunStatus)(file.Number("status") ?? (long)RunStatus.Running),
            EndTime = file.Time("end_time"),
            LifecycleStage = file.Stage(),
            DeletedTime = file.Time("deleted_time"),
        };

        if (!Enum.IsDefined(typeof(RunStatus), meta.Status))
            throw file.Invalid($"has '{(int)meta.Status}' as 'status', which must be 1 to 5");
        if (meta.RunId != Path.GetFileName(folder))
            throw file.Invalid($"is that of the run '{meta.RunId}'");
        if (meta.ExperimentId != Path.GetFileName(Path.GetDirectoryName(folder)))
            throw file.Invalid($"is that of a run in the experiment '{meta.ExperimentId}'");
        return meta;
    }

    /// <summary>The time of some Unix milliseconds.</summary>
    /// <exception cref="MlflowException"><see cref="ErrorKind.InvalidValue"/> when they are beyond the year 9999.</exception>
    public static DateTimeOffset TimeOf(long milliseconds)
    {
        try
        {
            return DateTimeOffset.FromUnixTimeMilliseconds(milliseconds);
        }
        catch (ArgumentOutOfRangeException failure)
        {
            throw new MlflowException(ErrorKind.InvalidValue, $"{milliseconds} are no Unix milliseconds.", failure);
        }
    }

    /// <summary>Writes it to the run's folder, with every field that any MLflow looks for and in MLflow's order.</summary>
    public void Write(string folder) => MetaFile.Write(folder, $"""
        artifact_uri: {FlatYamlText.Write(ArtifactUri)}
        deleted_time: {MetaFile.Text(DeletedTime?.ToUnixTimeMilliseconds())}
        end_time: {MetaFile.Text(EndTime?.ToUnixTimeMilliseconds())}
        entry_point_name: ''
        experiment_id: {FlatYamlText.Write(ExperimentId)}
        lifecycle_stage: {MetaFile.Text(LifecycleStage)}
        run_id: {FlatYamlText.Write(RunId)}
        run_name: {FlatYamlText.Write(RunName)}
        run_uuid: {FlatYamlText.Write(RunId)}
        source_name: ''
        source_type: 4
        source_version: ''
        start_time: {MetaFile.Text(StartTime.ToUnixTimeMilliseconds())}
        status: {MetaFile.Text((long)Status)}
        tags: []
        user_id: {FlatYamlText.Write(UserId)}

        """.Replace("\r\n", "\n"));
}
