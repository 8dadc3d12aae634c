using Anovos.Mlflow.Tracking;

namespace Anovos.Mlflow.Copying;

/// <summary>The result of copying one logged model.</summary>
/// <param name="There">The model at the target; null if it does not exist there.</param>
/// <param name="LeftOut">The parts that were not copied.</param>
internal sealed record ModelCopy(LoggedModel? There, IReadOnlyList<(string Kind, string Name, string Reason)> LeftOut)
{
    /// <summary>Gets the number of files uploaded.</summary>
    public int Files { get; init; }

    /// <summary>Gets the number of bytes uploaded.</summary>
    public long Bytes { get; init; }

    /// <summary>Gets the number of metric points written.</summary>
    public int Points { get; init; }

    /// <summary>Returns the result of a model that was not copied, with the reason.</summary>
    public static ModelCopy None(string kind, string name, string reason) => new(null, [(kind, name, reason)]);
}

/// <summary>
/// Copies one logged model. It first checks what the target already has, so it can be interrupted and repeated at any point. The status is
/// set last, and only if all files were copied.
/// </summary>
internal sealed class OneModelCopier(
    ITrackingStore target, ILoggedModelWriter? models, CopiedIds ids, ModelFileCopier copyFiles, ModelCopyOptions options)
{
    private const string Ready = "READY";
    private const string Failed = "UPLOAD_FAILED";
    private const string Pending = "PENDING";

    /// <summary>Copies the model. Failures that concern only this model are in the result.</summary>
    /// <exception cref="MlflowException">A store cannot be reached, or denies all requests.</exception>
    public async Task<ModelCopy> CopyAsync(LoggedModel model, CancellationToken cancellationToken)
    {
        List<(string Kind, string Name, string Reason)> leftOut = [];

        // A deleted model comes from a folder or a database: servers do not list models in the trash, and cannot create a deleted copy with
        // files.
        if (model.LifecycleStage == LifecycleStage.Deleted && !options.KeepIds)
            return new ModelCopy(null, []);
        if (models is null)
            return ModelCopy.None("Model", model.ModelId, $"{target.TrackingUri} is a folder, and logged models are not written to folders.");
        try
        {
            string? runId = model.RunId.Length == 0 ? "" : await ids.RunAsync(model.RunId, cancellationToken).ConfigureAwait(false);
            string? experimentId = await ids.ExperimentAsync(model.ExperimentId, cancellationToken).ConfigureAwait(false);
            if (runId is null)
                return ModelCopy.None("Model", model.ModelId, $"Its run {model.RunId} is not copied.");
            if (experimentId is null)
                return ModelCopy.None("Model", model.ModelId, $"Its experiment {model.ExperimentId} is not copied.");
            IReadOnlyList<LoggedModelMetric> points = await PointsAsync(model, AddLeftOut, cancellationToken).ConfigureAwait(false);
            LoggedModel mapped = model with { ExperimentId = experimentId, RunId = runId, Points = points };
            ModelCopy copy = options.KeepIds && models is IKeepsLoggedModels exact
                ? await KeepAsync(exact, model, mapped, AddLeftOut, cancellationToken).ConfigureAwait(false)
                : await SendAsync(models, model, mapped, AddLeftOut, cancellationToken).ConfigureAwait(false);
            return copy with { LeftOut = leftOut };
        }
        catch (MlflowException e) when (!e.EndsOperation())
        {
            AddLeftOut("Model", model.ModelId, e.Message);
            return new ModelCopy(null, leftOut);
        }

        void AddLeftOut(string kind, string name, string reason)
        {
            lock (leftOut)
                leftOut.Add((kind, name, reason));
        }
    }

    private async Task<IReadOnlyList<LoggedModelMetric>> PointsAsync(
        LoggedModel model, LeftOut leftOut, CancellationToken cancellationToken)
    {
        List<LoggedModelMetric> points = [];
        foreach (IGrouping<string, LoggedModelMetric> run in model.Points.GroupBy(point => point.RunId, StringComparer.Ordinal))
        {
            string? id = await ids.RunAsync(run.Key, cancellationToken).ConfigureAwait(false);
            if (id is not null)
                points.AddRange(run.Select(point => point with { RunId = id }));
            else
                leftOut("ModelMetric", model.ModelId, $"{run.Count()} points belong to the run {run.Key}, which is not copied.");
        }

        return points;
    }

    // In an exact copy, the status stays pending until the files are copied.
    private async Task<ModelCopy> KeepAsync(
        IKeepsLoggedModels exact, LoggedModel model, LoggedModel mapped, LeftOut leftOut, CancellationToken cancellationToken)
    {
        if (options.KeepArtifactLocations)
        {
            if (!options.CountOnly)
                await exact.KeepAsync(mapped, cancellationToken).ConfigureAwait(false);
            return new ModelCopy(mapped, []) { Points = mapped.Points.Count };
        }

        string path = $"models/{model.ModelId}/artifacts";
        Experiment experiment = await target.GetExperimentAsync(mapped.ExperimentId, cancellationToken).ConfigureAwait(false);
        string place = CountedTarget.IsNew(mapped.ExperimentId)
            ? CountedTarget.PlaceOf(target, model.ExperimentId, path)
            : LocalUri.Append(experiment.ArtifactLocation, path);
        mapped = mapped with { ArtifactUri = place };
        if (!options.CountOnly)
            await exact.KeepAsync(mapped with { Status = Pending }, cancellationToken).ConfigureAwait(false);
        (int files, long bytes, bool isWhole) = await SendFilesAsync(model, mapped, leftOut, cancellationToken).ConfigureAwait(false);
        if (!options.CountOnly && isWhole)
            await exact.KeepAsync(mapped, cancellationToken).ConfigureAwait(false);
        return new ModelCopy(mapped, []) { Files = files, Bytes = bytes, Points = mapped.Points.Count };
    }

    private async Task<ModelCopy> SendAsync(
        ILoggedModelWriter writer, LoggedModel model, LoggedModel mapped, LeftOut leftOut, CancellationToken cancellationToken)
    {
        LoggedModel? there = CountedTarget.IsNew(mapped.ExperimentId)
            ? null : await FindAsync(writer, mapped, cancellationToken).ConfigureAwait(false);
        if (options.CountOnly)
        {
            (int count, long length) = await copyFiles(model, there, leftOut, cancellationToken).ConfigureAwait(false);
            return new ModelCopy(there, []) { Files = count, Bytes = length };
        }

        there ??= await writer.CreateAsync(
            new NewLoggedModel(mapped.ExperimentId, model.Name)
            {
                RunId = NullIfEmpty(mapped.RunId),
                ModelType = NullIfEmpty(model.ModelType),
                Params = [.. model.Params.Select(param => new Param(param.Key, param.Value))],
                Tags = [new Tag(ModelTags.SourceModelId, model.ModelId), new Tag(ModelTags.SourceUri, model.TrackingUri)],
            },
            cancellationToken).ConfigureAwait(false);
        LoggedModel copy = there;
        Param[] values = [.. model.Params
            .Where(param => !copy.Params.ContainsKey(param.Key))
            .Select(param => new Param(param.Key, param.Value))];
        await writer.LogParamsAsync(copy.ModelId, values, cancellationToken).ConfigureAwait(false);
        LoggedModelMetric[] points = Missing(mapped.Points, copy.Points);
        await writer.LogMetricsAsync(copy.ModelId, points, cancellationToken).ConfigureAwait(false);
        (int files, long bytes, bool isWhole) = await SendFilesAsync(model, copy, leftOut, cancellationToken).ConfigureAwait(false);
        Tag[] tags = [.. model.Tags
            .Where(tag => !ModelTags.IsOwn(tag.Key) && tag.Key != RestStore.IdempotencyKeyTag)
            .Where(tag => !copy.Tags.TryGetValue(tag.Key, out string? value) || value != tag.Value)
            .Select(tag => new Tag(tag.Key, tag.Value))];
        await writer.SetTagsAsync(copy.ModelId, tags, cancellationToken).ConfigureAwait(false);
        if (isWhole && model.Status is Ready or Failed && copy.Status != model.Status)
            await writer.FinalizeAsync(copy.ModelId, model.Status, cancellationToken).ConfigureAwait(false);
        return new ModelCopy(copy, []) { Files = files, Bytes = bytes, Points = points.Length };
    }

    private static async Task<LoggedModel?> FindAsync(ILoggedModelWriter writer, LoggedModel mapped, CancellationToken cancellationToken)
    {
        string filter = $"tags.`{ModelTags.SourceModelId}` = '{mapped.ModelId}'";
        try
        {
            Page<LoggedModel> found = await writer.SearchAsync(
                [mapped.ExperimentId], filter, 1, null, cancellationToken).ConfigureAwait(false);
            return found.Items.FirstOrDefault();
        }
        catch (MlflowException e) when (e.Kind == ErrorKind.NotSupported)
        {
            // Our own database creates the tables with the first model. Other stores reject the creation as well.
            return null;
        }
    }

    private async Task<(int Files, long Bytes, bool IsWhole)> SendFilesAsync(
        LoggedModel model, LoggedModel copy, LeftOut leftOut, CancellationToken cancellationToken)
    {
        bool isWhole = true;
        (int files, long bytes) = await copyFiles(model, copy, Refused, cancellationToken).ConfigureAwait(false);
        return (files, bytes, isWhole);

        void Refused(string kind, string name, string reason)
        {
            isWhole = false;
            leftOut(kind, name, reason);
        }
    }

    // A server over a folder returns only the last point of each metric and dataset. All points before it were written too, because they
    // are written in order.
    private static LoggedModelMetric[] Missing(IReadOnlyList<LoggedModelMetric> points, IReadOnlyList<LoggedModelMetric> there)
    {
        HashSet<LoggedModelMetric> known = [.. there.Select(Stored)];
        ILookup<object, LoggedModelMetric> groups = there.ToLookup(Group);
        bool namesLastOnly = groups.All(group => group.Count() == 1);
        return [.. points.Where(point => !IsThere(point)).OrderBy(point => point.Step).ThenBy(point => point.Timestamp)];

        bool IsThere(LoggedModelMetric point) =>
            known.Contains(Stored(point)) || (namesLastOnly && groups[Group(point)].Any(last => IsBefore(point, last)));
    }

    private static object Group(LoggedModelMetric point) => (point.Key, point.DatasetName, point.DatasetDigest);

    private static bool IsBefore(LoggedModelMetric point, LoggedModelMetric last) =>
        (point.Step, point.Timestamp).CompareTo((last.Step, last.Timestamp)) < 0;

    // Databases store numbers this way: an infinity becomes the largest number, a NaN becomes 0.
    private static LoggedModelMetric Stored(LoggedModelMetric point) => point with
    {
        Value = double.IsNaN(point.Value) ? 0
            : double.IsInfinity(point.Value) ? Math.Sign(point.Value) * double.MaxValue
            : point.Value,
    };

    private static string? NullIfEmpty(string text) => text.Length == 0 ? null : text;
}
