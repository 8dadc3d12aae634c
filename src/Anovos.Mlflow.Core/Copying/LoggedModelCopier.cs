using System.Collections.Concurrent;
using Anovos.Mlflow.Registry;
using Anovos.Mlflow.Tracking;

namespace Anovos.Mlflow.Copying;

/// <summary>Copies the files of a logged model.</summary>
/// <param name="from">The model of the source.</param>
/// <param name="to">The model at the target; null if it does not exist there and is only counted.</param>
/// <param name="leftOut">Called for each file that is not copied.</param>
/// <param name="cancellationToken">Cancels the copy.</param>
internal delegate Task<(int Files, long Bytes)> ModelFileCopier(
    LoggedModel from, LoggedModel? to, LeftOut leftOut, CancellationToken cancellationToken);

/// <summary>The counts of a copy of logged models.</summary>
/// <param name="Models">The models that exist at the target now.</param>
/// <param name="Files">The files that were uploaded.</param>
/// <param name="Bytes">The bytes that were uploaded.</param>
/// <param name="Points">The metric points that were written. A server also adds them to the metrics of their runs.</param>
internal sealed record CopiedModels(int Models, int Files, long Bytes, int Points);

/// <summary>
/// Copies the logged models of MLflow 3 with params, tags, metrics and files, and the links between runs and models. Each model is copied
/// once. A copy from an earlier pass is found by a tag, or by its id if ids are kept, and completed. Thread-safe.
/// </summary>
internal sealed class LoggedModelCopier
{
    private readonly ILoggedModelStore _source;
    private readonly ILoggedModelWriter? _target;
    private readonly RunModels _models;
    private readonly OneModelCopier _copier;
    private readonly ModelCopyOptions _options;
    private readonly string _targetUri;
    private readonly ConcurrentDictionary<string, Lazy<Task<ModelCopy>>> _copies = new(StringComparer.Ordinal);

    /// <summary>Copies from <paramref name="source"/> to <paramref name="target"/>.</summary>
    /// <param name="source">The store that is read.</param>
    /// <param name="target">The store that is written.</param>
    /// <param name="ids">The copies of experiments and runs.</param>
    /// <param name="copyFiles">Copies the files of a model.</param>
    /// <param name="options">The options of the copy.</param>
    public LoggedModelCopier(
        ITrackingStore source, ITrackingStore target, CopiedIds ids, ModelFileCopier copyFiles, ModelCopyOptions? options = null)
    {
        _source = ModelRegistry.ToCopyFrom(source).Logged;
        _target = ModelRegistry.ToCopyFrom(target).Logged as ILoggedModelWriter;
        (_targetUri, _options) = (target.TrackingUri, options ?? new ModelCopyOptions());
        _models = new RunModels(_source);
        _copier = new OneModelCopier(target, _target, ids, copyFiles, _options);
    }

    /// <summary>
    /// Copies the models that a run created. Call it before copying the run's metrics: a server adds the points of a model to those of the
    /// run, so the copy of the histories then finds them.
    /// </summary>
    public async Task<CopiedModels> CopyOfRunAsync(Run run, LeftOut leftOut, CancellationToken cancellationToken)
    {
        IReadOnlyList<LoggedModel> models = await _models.OfRunAsync(run.ExperimentId, run.RunId, cancellationToken).ConfigureAwait(false);
        return await CopyAsync(models, leftOut, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Copies the models of an experiment that do not name a run.</summary>
    public async Task<CopiedModels> CopyWithoutRunAsync(string experimentId, LeftOut leftOut, CancellationToken cancellationToken)
    {
        IReadOnlyList<LoggedModel> models = await _models.OfRunAsync(experimentId, "", cancellationToken).ConfigureAwait(false);
        return await CopyAsync(models, leftOut, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>
    /// Links the copy of a run to the copies of the models that the run read or created. A model of another run is copied now if that run
    /// is part of the copy.
    /// </summary>
    /// <param name="run">The run of the source.</param>
    /// <param name="there">Its copy, as read from the target. It must be active.</param>
    /// <param name="leftOut">Called for each model that the target does not have.</param>
    /// <param name="cancellationToken">Cancels the copy.</param>
    public async Task LinkAsync(Run run, Run there, LeftOut leftOut, CancellationToken cancellationToken)
    {
        List<string> inputs = [];
        List<ModelOutput> outputs = [];
        foreach (string id in run.Models.Inputs)
        {
            if (await FindLinkedAsync(id, "ModelInput").ConfigureAwait(false) is { } copy && !there.Models.Inputs.Contains(copy))
                inputs.Add(copy);
        }

        foreach (ModelOutput output in run.Models.Outputs)
        {
            string? copy = await FindLinkedAsync(output.ModelId, "ModelOutput").ConfigureAwait(false);
            if (copy is not null && there.Models.Outputs.All(one => one.ModelId != copy))
                outputs.Add(output with { ModelId = copy });
        }

        if (inputs.Count + outputs.Count > 0 && !_options.CountOnly)
            await _target!.LinkAsync(there.RunId, new ModelLinks(inputs, outputs), cancellationToken).ConfigureAwait(false);

        async Task<string?> FindLinkedAsync(string id, string kind)
        {
            ModelCopy copy = await FindOrCopyAsync(id, cancellationToken).ConfigureAwait(false);
            if (copy.There is null && !_options.CountOnly)
                leftOut(kind, id, copy.LeftOut.Select(one => one.Reason).FirstOrDefault() ?? $"{_targetUri} does not have this model.");
            return copy.There?.ModelId;
        }
    }

    /// <summary>
    /// Returns the copy of a model, or null if there is none. Creates the copy now if the model's run is part of the copy.
    /// </summary>
    public async Task<LoggedModel?> FindAsync(string modelId, CancellationToken cancellationToken) =>
        (await FindOrCopyAsync(modelId, cancellationToken).ConfigureAwait(false)).There;

    private async Task<CopiedModels> CopyAsync(IReadOnlyList<LoggedModel> models, LeftOut leftOut, CancellationToken cancellationToken)
    {
        int there = 0, files = 0, points = 0;
        long bytes = 0;
        foreach (LoggedModel model in models)
        {
            ModelCopy copy = await CopyOnceAsync(model, cancellationToken).ConfigureAwait(false);
            foreach ((string kind, string name, string reason) in copy.LeftOut)
                leftOut(kind, name, reason);
            there += copy.There is null ? 0 : 1;
            (files, bytes, points) = (files + copy.Files, bytes + copy.Bytes, points + copy.Points);
        }

        return new CopiedModels(there, files, bytes, points);
    }

    private Task<ModelCopy> CopyOnceAsync(LoggedModel model, CancellationToken cancellationToken) =>
        _copies.GetOrAdd(model.ModelId, _ => new(() => _copier.CopyAsync(model, cancellationToken))).Value;

    private Task<ModelCopy> FindOrCopyAsync(string modelId, CancellationToken cancellationToken) =>
        _copies.GetOrAdd(modelId, _ => new(() => ReadAndCopyAsync(modelId, cancellationToken))).Value;

    private async Task<ModelCopy> ReadAndCopyAsync(string modelId, CancellationToken cancellationToken)
    {
        try
        {
            LoggedModel model = await _source.GetAsync(modelId, cancellationToken).ConfigureAwait(false);
            return await _copier.CopyAsync(model, cancellationToken).ConfigureAwait(false);
        }
        catch (MlflowException e) when (!e.EndsOperation())
        {
            return ModelCopy.None("Model", modelId, e.Message);
        }
    }
}
