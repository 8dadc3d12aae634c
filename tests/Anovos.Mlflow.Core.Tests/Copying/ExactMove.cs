using Anovos.Mlflow.Copying;
using Anovos.Mlflow.Registry;
using Anovos.Mlflow.Tracking;

namespace Anovos.Mlflow.Tests.Copying;

/// <summary>Copies a whole store with its ids by the parts that the copier of runs is made of, one run after the other.</summary>
internal sealed class ExactMove(ITrackingStore source, ITrackingStore target)
{
    public List<string> LeftOut { get; } = [];

    public async Task RunAsync()
    {
        var exact = (ILocalStore)target;
        List<Experiment> experiments = await PageWalker.ReadAllAsync(
            token => source.SearchExperimentsAsync(new ExperimentSearch(ViewType.All), token, default));
        foreach (Experiment experiment in experiments)
            await exact.KeepExperimentAsync(experiment, default);
        List<Run> runs = await PageWalker.ReadAllAsync(token => source.SearchRunsAsync(
            new RunSearch([.. experiments.Select(experiment => experiment.ExperimentId)]) { ViewType = ViewType.All }, token, default));
        foreach (Run run in runs)
            await exact.KeepRunAsync(run, default);
        LoggedModelCopier models = ModelsOf(source, target);
        foreach (Run run in runs)
            await CopyAsync(run, exact, models);
        foreach (Experiment experiment in experiments)
        {
            await models.CopyWithoutRunAsync(experiment.ExperimentId, Add, default);
            await exact.KeepExperimentStateAsync(experiment, default);
        }

        ModelRegistry registry = ModelRegistry.ToCopyFrom(source);
        var copies = new CopiedThings((_, _) => throw new NotSupportedException(), (_, _) => throw new NotSupportedException());
        var copier = new ModelCopier(
            registry, ModelRegistry.Of(target), copies, new ModelCopyOptions { KeepIds = true, KeepArtifactLocations = true });
        foreach (string name in await ModelCopier.NamesAsync(registry, default))
            await copier.CopyAsync(name, Add, default);
    }

    private async Task CopyAsync(Run run, ILocalStore exact, LoggedModelCopier models)
    {
        if ((await target.GetRunAsync(run.RunId, default)).LifecycleStage == LifecycleStage.Deleted)
            return;
        await models.CopyOfRunAsync(run, Add, default);
        await target.WriteAsync(run.RunId, new RunData { Params = [.. run.Params.Select(one => new Param(one.Key, one.Value))] }, default);
        foreach (string key in run.Metrics.Keys)
        {
            List<Metric> points = await MetricHistory.ReadAllAsync(source, run.RunId, key, default);
            await target.WriteAsync(run.RunId, new RunData { Metrics = points }, default);
        }

        await target.LogInputsAsync(run.RunId, run.Inputs, default);
        await target.WriteAsync(run.RunId, new RunData { Tags = [.. run.Tags.Select(one => new Tag(one.Key, one.Value))] }, default);
        await models.LinkAsync(run, await target.GetRunAsync(run.RunId, default), Add, default);
        await exact.KeepRunStateAsync(run, default);
    }

    private static LoggedModelCopier ModelsOf(ITrackingStore source, ITrackingStore target) => new(
        source,
        target,
        new CopiedIds((id, _) => Task.FromResult<string?>(id), (id, _) => Task.FromResult<string?>(id)),
        (_, _, _, _) => throw new NotSupportedException("Files stay where they are."),
        new ModelCopyOptions { KeepIds = true, KeepArtifactLocations = true });

    private void Add(string kind, string name, string reason) => LeftOut.Add($"{kind} {name}: {reason}");
}
