using Anovos.Mlflow.Tracking;

namespace Anovos.Mlflow.Copying;

/// <summary>Reports traces, which MLflow keeps beside runs. They are not copied.</summary>
internal static class Traces
{
    /// <summary>Reports the traces of an experiment as left out, if it has any.</summary>
    public static async Task ReportAsync(ITrackingStore source, Experiment experiment, LeftOut leftOut, CancellationToken cancellationToken)
    {
        string? count = await CountAsync(source, experiment.ExperimentId, cancellationToken).ConfigureAwait(false);
        if (count is not null)
            leftOut("Trace", experiment.Name, $"The experiment has {count}. Traces are not copied.");
    }

    private static async Task<string?> CountAsync(ITrackingStore source, string experimentId, CancellationToken cancellationToken)
    {
        if (source.As<RestStore>() is { } server)
            return await server.HasTracesAsync(experimentId, cancellationToken).ConfigureAwait(false) ? "traces" : null;
        long count = source.As<DirectoryStore>() is { } folder
            ? await folder.CountTracesAsync(experimentId, cancellationToken).ConfigureAwait(false)
            : source.As<SqliteStore>() is { } database
                ? await database.CountTracesAsync(experimentId, cancellationToken).ConfigureAwait(false)
                : 0;
        return count switch
        {
            0 => null,
            1 => "1 trace",
            _ => $"{count} traces",
        };
    }
}
