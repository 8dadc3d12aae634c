using Anovos.Mlflow.Artifacts;
using Anovos.Mlflow.Configuration;
using Anovos.Mlflow.Stores;
using Anovos.Mlflow.Tracking;

namespace Anovos.Mlflow.Workflow;

/// <summary>The result of recording a workflow.</summary>
/// <param name="Run">The run after recording.</param>
/// <param name="Warnings">A sentence for everything that could not be recorded unchanged.</param>
public sealed record RecordedWorkflow(Run Run, IReadOnlyList<string> Warnings);

/// <summary>Records a workflow on a run: the settings as params, the file as an artifact.</summary>
public sealed class WorkflowRecorder(ITrackingStore store, Run run)
{
    /// <summary>The artifact folder of the workflow file.</summary>
    public const string Folder = "config";

    /// <summary>Records the workflow. A resumed run keeps the data that it already has.</summary>
    /// <param name="config">The workflow.</param>
    /// <param name="truncate">True to truncate values that are too long, with a warning; false to fail.</param>
    /// <param name="cancellationToken">Cancels the operation.</param>
    public async Task<RecordedWorkflow> RecordAsync(AnovosConfig config, bool truncate, CancellationToken cancellationToken)
    {
        var builder = new ParamBuilder(store.Limits, truncate);
        foreach (KeyValuePair<string, string> setting in config.Settings)
            builder.Add(setting.Key, setting.Value);
        List<string> warnings = [.. builder.Warnings];

        List<Param> fresh = [];
        foreach (Param param in builder.Params)
        {
            if (!run.Params.TryGetValue(param.Key, out string? earlier))
                fresh.Add(param);
            else if (earlier != param.Value)
                warnings.Add($"The run was started with {param.Key} = '{earlier}', but the workflow now has '{param.Value}'. A param cannot change, so the run keeps the first value.");
        }

        await store.WriteAsync(run.RunId, new RunData { Params = fresh }, cancellationToken).ConfigureAwait(false);
        if (await WhyNotSentAsync(config, cancellationToken).ConfigureAwait(false) is { } why)
            warnings.Add($"The workflow file {config.Path} was not sent to the run: {why}");

        return new RecordedWorkflow((await store.GetRunAsync(run.RunId, cancellationToken).ConfigureAwait(false)) with { Experiment = run.Experiment }, warnings);
    }

    private async Task<string?> WhyNotSentAsync(AnovosConfig config, CancellationToken cancellationToken)
    {
        if (config.HasSecrets)
            return "it contains a secret, which anyone with access to the run could read. Keep secrets out of workflow files.";
        try
        {
            using IArtifactStore artifacts = ArtifactStores.Open(run, store);
            var file = new FileInfo(config.Path);
            await artifacts.SendAsync(new FileSource(file), ArtifactPath.Join(Folder, file.Name), _ => { }, cancellationToken).ConfigureAwait(false);
            return null;
        }
        catch (Exception e) when (e is MlflowException or IOException or UnauthorizedAccessException)
        {
            // The run can continue without the file. Problems with its other artifacts are reported when those are sent.
            return e.Message;
        }
    }
}
