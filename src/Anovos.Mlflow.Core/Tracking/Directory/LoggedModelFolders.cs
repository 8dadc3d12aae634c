using System.Globalization;

namespace Anovos.Mlflow.Tracking;

/// <summary>
/// Reads the logged models that MLflow 3 wrote in an <c>mlruns</c> folder: <c>&lt;experiment&gt;/models/&lt;id&gt;/</c> with
/// <c>meta.yaml</c>, <c>params/</c>, <c>tags/</c>, <c>metrics/</c>.
/// </summary>
internal sealed class LoggedModelFolders(ExperimentFolders experiments, string trackingUri, Action<string> warn) : ILocalLoggedModels
{
    private const string Models = "models";

    // The members of mlflow.entities.LoggedModelStatus, with the names of the REST API.
    private static readonly string[] Status = ["STATUS_UNSPECIFIED", "PENDING", "READY", "UPLOAD_FAILED"];

    /// <inheritdoc/>
    public Task<LoggedModel> GetAsync(string modelId, CancellationToken cancellationToken) => Task.Run(
        () =>
        {
            string? folder = Run.IsRunId(modelId)
                ? experiments.All().Select(experiment => Path.Combine(experiment, Models, modelId)).FirstOrDefault(MetaFile.Exists)
                : null;
            LoggedModel? found = folder is null ? null : Read(folder, cancellationToken);
            return found is { LifecycleStage: LifecycleStage.Active } ? found : throw new MlflowException(
                ErrorKind.ModelNotFound, $"There is no logged model '{modelId}' in {trackingUri}.")
            { Target = modelId };
        }, cancellationToken);

    /// <inheritdoc/>
    /// <exception cref="MlflowException"><see cref="ErrorKind.NotSupported"/> for a filter.</exception>
    public async Task<Page<LoggedModel>> SearchAsync(
        IReadOnlyList<string> experimentIds, string? filter, int maxResults, string? pageToken, CancellationToken cancellationToken)
    {
        if (SearchText.NullIfEmpty(filter) is not null)
            throw new MlflowException(ErrorKind.NotSupported, "Logged models in a folder cannot be filtered.") { Target = filter };
        int offset = OffsetToken.Offset(pageToken, maxResults);
        List<LoggedModel> found = [];
        foreach (string id in experimentIds)
            found.AddRange(await ListAllAsync(id, cancellationToken).ConfigureAwait(false));
        List<LoggedModel> active = [.. found.Where(model => model.LifecycleStage == LifecycleStage.Active)
            .OrderByDescending(model => model.CreationTime).ThenBy(model => model.ModelId, StringComparer.Ordinal)];
        return OffsetToken.Page(active, offset, maxResults);
    }

    /// <inheritdoc/>
    public Task<IReadOnlyList<LoggedModel>> ListAllAsync(string experimentId, CancellationToken cancellationToken) =>
        Task.Run<IReadOnlyList<LoggedModel>>(
            () =>
            {
                string? folder = experiments.Find(experimentId) is { } experiment ? Path.Combine(experiment, Models) : null;
                return Directory.Exists(folder)
                    ? [.. Directory.EnumerateDirectories(folder).Where(MetaFile.Exists)
                        .Select(model => ForeignFile.Skip(() => Read(model, cancellationToken), warn, model))
                        .OfType<LoggedModel>()
                        .OrderBy(model => model.CreationTime).ThenBy(model => model.ModelId, StringComparer.Ordinal)]
                    : [];
            }, cancellationToken);

    private LoggedModel Read(string folder, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        MetaFile meta = MetaFile.Read(folder, warn);
        string experiment = Path.GetDirectoryName(Path.GetDirectoryName(folder)!)!, experimentId = Path.GetFileName(experiment);
        string id = Path.GetFileName(folder);
        List<LoggedModelMetric> points = [.. new KeyFiles(folder, KeyFiles.Metrics).All().SelectMany(file => Points(file.Key, file.Value))];
        points.Sort((one, other) => (one.Timestamp, one.Step).CompareTo((other.Timestamp, other.Step)));
        var metrics = new Dictionary<string, double>(StringComparer.Ordinal);
        foreach (LoggedModelMetric point in points)
            metrics[point.Key] = point.Value;
        return new LoggedModel
        {
            ModelId = id,
            Name = meta.Find("name") ?? "",
            ExperimentId = experimentId,
            RunId = meta.Find("source_run_id") ?? "",
            ModelType = meta.Find("model_type") ?? "",
            Status = Status.ElementAtOrDefault((int)(meta.Number("status") ?? 1)) ?? "",
            StatusMessage = meta.Find("status_message") ?? "",
            ArtifactUri = LocalRoot.Resolve(
                meta.Find("artifact_location") ?? "", $"{experimentId}/{Models}/{id}/artifacts", Path.Combine(folder, "artifacts")),
            CreationTime = meta.Time("creation_timestamp"),
            LastUpdateTime = meta.Time("last_updated_timestamp"),
            LifecycleStage = meta.Stage(),
            Params = new KeyFiles(folder, KeyFiles.Params).ReadAll(warn, cancellationToken),
            Tags = new KeyFiles(folder, KeyFiles.Tags).ReadAll(warn, cancellationToken),
            Metrics = metrics,
            Points = points,
            TrackingUri = trackingUri,
        };
    }

    // A line is '<time> <value> <step> <run>', followed by the name and digest of a dataset if there is one.
    private IEnumerable<LoggedModelMetric> Points(string key, string path)
    {
        int number = 0;
        foreach (string line in SharedFile.ReadLines(path, _ => true))
        {
            number++;
            string[] fields = line.Trim().Split(' ');
            if (fields.Length is 4 or 6
                && long.TryParse(fields[0], NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long time)
                && PythonFloat.TryRead(fields[1], out double value)
                && long.TryParse(fields[2], NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long step))
            {
                yield return new LoggedModelMetric(key, value, time, step, fields[3])
                {
                    DatasetName = fields.ElementAtOrDefault(4),
                    DatasetDigest = fields.ElementAtOrDefault(5),
                };
            }
            else if (line.Trim().Length > 0)
                warn($"{path}:{number}: this line is not '<time> <value> <step> <run>'. This point is left out.");
        }
    }
}
