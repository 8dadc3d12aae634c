using Anovos.Mlflow.Artifacts;
using Anovos.Mlflow.Configuration;
using Anovos.Mlflow.Stores;
using Anovos.Mlflow.Tracking;

namespace Anovos.Mlflow.Workflow;

/// <summary>What recording a workflow came to.</summary>
/// <param name="Run">The run as it then stands.</param>
/// <param name="Warnings">What could not be recorded as it is, a sentence each.</param>
public sealed record RecordedWorkflow(Run Run, IReadOnlyList<string> Warnings);

/// <summary>Records on a run which workflow it is: the settings as params, the file as an artifact.</summary>
public sealed class WorkflowRecorder(ITrackingStore store, Run run)
{
    /// <summary>The artifact folder of the workflow file.</summary>
    public const string Folder = "config";

    /// <summary>Records the workflow. On a run that is resumed, what is there already stays.</summary>
    /// <param name="config">The workflow.</param>
    /// <param name="truncate">Whether over-long values are cut, with a warning, or are an error.</param>
    /// <param name="cancellationToken">Ends it at once.</param>
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
                warnings.Add($"The run was started with {param.Key} = '{earlier}' and the workflow now says '{param.Value}': a param cannot change, so the first one stays.");
        }

        await store.WriteAsync(run.RunId, new RunData { Params = fresh }, cancellationToken).ConfigureAwait(false);
        if (await WhyNotSentAsync(config, cancellationToken).ConfigureAwait(false) is { } why)
            warnings.Add($"The workflow file {config.Path} was not sent to the run: {why}");

        return new RecordedWorkflow((await store.GetRunAsync(run.RunId, cancellationToken).ConfigureAwait(false)) with { Experiment = run.Experiment }, warnings);
    }

    private async Task<string?> WhyNotSentAsync(AnovosConfig config, CancellationToken cancellationToken)
    {
        if (config.HasSecrets)
            return "it holds a secret, and whoever may read the run would read it. Keep secrets out of workflow files.";
        try
        {
            using IArtifactStore artifacts = ArtifactStores.Open(run, store);
            var file = new FileInfo(config.Path);
            await artifacts.SendAsync(new FileSource(file), ArtifactPath.Join(Folder, file.Name), _ => { }, cancellationToken).ConfigureAwait(false);
            return null;
        }
        catch (Exception e) when (e is MlflowException or IOException or UnauthorizedAccessException)
        {
            // The run can go on without it; whether its other artifacts arrive is said when they are sent.
            return e.Message;
        }
    }
}
