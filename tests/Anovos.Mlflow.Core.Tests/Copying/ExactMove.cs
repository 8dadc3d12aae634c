using Anovos.Mlflow.Copying;
using Anovos.Mlflow.Registry;
using Anovos.Mlflow.Tracking;

namespace Anovos.Mlflow.Tests.Copying;

/// <summary>Copies a whole store with its ids by the parts that the copier of runs is made of, one run after the other.</summary>
internal sealed class ExactMove(ITrackingStore source, ITrackingStore target)
{
    private int _steps;

    public List<string> LeftOut { get; } = [];

    /// <summary>The step before which the process is killed; none by default.</summary>
    public int? KilledBefore { get; init; }

    /// <summary>How many steps a copy has.</summary>
    public int Steps => _steps;

    public async Task RunAsync()
    {
        var exact = (ILocalStore)target;
        List<Experiment> experiments = await PageWalker.ReadAllAsync(
            token => source.SearchExperimentsAsync(new ExperimentSearch(ViewType.All), token, default));
        foreach (Experiment experiment in experiments)
            await StepAsync(() => exact.KeepExperimentAsync(experiment, default));
        List<Run> runs = await PageWalker.ReadAllAsync(token => source.SearchRunsAsync(
            new RunSearch([.. experiments.Select(experiment => experiment.ExperimentId)]) { ViewType = ViewType.All }, token, default));
        foreach (Run run in runs)
            await StepAsync(() => exact.KeepRunAsync(run, default));
        LoggedModelCopier models = ModelsOf(source, target);
        foreach (Run run in runs)
            await CopyAsync(run, exact, models);
        foreach (Experiment experiment in experiments)
        {
            await StepAsync(() => models.CopyWithoutRunAsync(experiment.ExperimentId, Add, default));
            await StepAsync(() => exact.KeepExperimentStateAsync(experiment, default));
        }

        ModelRegistry registry = ModelRegistry.ToCopyFrom(source);
        var copies = new CopiedThings((_, _) => throw new NotSupportedException(), (_, _) => throw new NotSupportedException());
        var copier = new ModelCopier(
            registry, ModelRegistry.Of(target), copies, new ModelCopyOptions { KeepIds = true, KeepArtifactLocations = true });
        foreach (string name in await ModelCopier.NamesAsync(registry, default))
            await StepAsync(() => copier.CopyAsync(name, Add, default));
    }

    private async Task CopyAsync(Run run, ILocalStore exact, LoggedModelCopier models)
    {
        if ((await target.GetRunAsync(run.RunId, default)).LifecycleStage == LifecycleStage.Deleted)
            return;
        await StepAsync(() => models.CopyOfRunAsync(run, Add, default));
        Param[] values = [.. run.Params.Select(one => new Param(one.Key, one.Value))];
        await StepAsync(() => target.WriteAsync(run.RunId, new RunData { Params = values }, default));
        foreach (string key in run.Metrics.Keys)
        {
            List<Metric> points = await PageWalker.ReadAllAsync(
                token => MetricHistory.ToCopyAsync(source, run.RunId, key, token, default));
            await StepAsync(() => target.WriteAsync(run.RunId, new RunData { Metrics = points }, default));
        }

        await StepAsync(() => target.LogInputsAsync(run.RunId, run.Inputs, default));
        Tag[] tags = [.. run.Tags.Select(one => new Tag(one.Key, one.Value))];
        await StepAsync(() => target.WriteAsync(run.RunId, new RunData { Tags = tags }, default));
        Run there = await target.GetRunAsync(run.RunId, default);
        await StepAsync(() => models.LinkAsync(run, there, Add, default));
        await StepAsync(() => exact.KeepRunStateAsync(run, default));
    }

    private Task StepAsync(Func<Task> step) => _steps++ == KilledBefore ? throw new OperationCanceledException() : step();

    private static LoggedModelCopier ModelsOf(ITrackingStore source, ITrackingStore target) => new(
        source,
        target,
        new CopiedIds((id, _) => Task.FromResult<string?>(id), (id, _) => Task.FromResult<string?>(id)),
        (_, _, _, _) => throw new NotSupportedException("Files stay where they are."),
        new ModelCopyOptions { KeepIds = true, KeepArtifactLocations = true });

    private void Add(string kind, string name, string reason) => LeftOut.Add($"{kind} {name}: {reason}");
}
