using Anovos.Mlflow.Artifacts;
using Anovos.Mlflow.Http;
using Anovos.Mlflow.Tracking;

namespace Anovos.Mlflow.Stores;

/// <summary>Finds the host of the URLs that a server signs. Only reads: it creates no file.</summary>
internal static class BucketProbe
{
    private const int Experiments = 20;
    private const int Runs = 5;

    /// <summary>Returns a URL of the host; null if no recent run has artifacts that show it.</summary>
    public static async Task<PresignedUrl?> FindUrlAsync(
        ITrackingStore store, RestApi api, ServerInfo info, CancellationToken cancellationToken)
    {
        if (!info.SignsUrls && !info.GivesDirectDownloads)
            return null;
        var search = new ExperimentSearch(MaxResults: Experiments);
        Page<Experiment> experiments = await store.SearchExperimentsAsync(search, null, cancellationToken).ConfigureAwait(false);
        var newest = new RunSearch([.. experiments.Items.Select(experiment => experiment.ExperimentId)]) { MaxResults = Runs };
        Page<Run> runs = await store.SearchRunsAsync(newest, null, cancellationToken).ConfigureAwait(false);
        foreach (Run run in runs.Items)
        {
            try
            {
                if (await FindUrlAsync(run, api, info, cancellationToken).ConfigureAwait(false) is { } url)
                    return url;
            }
            catch (MlflowException e) when (e.Kind == ErrorKind.NotSupported)
            {
                // The bucket of another run may be of a kind that the server signs URLs for.
            }
        }

        return null;
    }

    private static async Task<PresignedUrl?> FindUrlAsync(Run run, RestApi api, ServerInfo info, CancellationToken cancellationToken)
    {
        if (info.SignsUrls && ArtifactStores.MayBeSigned(run.ArtifactUri))
        {
            using var signed = new PresignedArtifactStore(api, run.RunId, run.ArtifactUri, takesCredentials: false, _ => { });
            return await signed.FindUrlAsync(cancellationToken).ConfigureAwait(false);
        }

        if (!info.GivesDirectDownloads || LocalUri.SchemeOf(run.ArtifactUri) != "mlflow-artifacts"
            || await FindFileAsync(run, api, cancellationToken).ConfigureAwait(false) is not { } file)
        {
            return null;
        }

        using var direct = new DirectTransfers(api, ArtifactStores.ProxiedBase(run.ArtifactUri, api.Server), run.RunId, _ => { });
        return await direct.FindUrlAsync(file, cancellationToken).ConfigureAwait(false);
    }

    private static async Task<string?> FindFileAsync(Run run, RestApi api, CancellationToken cancellationToken)
    {
        string folder = "";
        for (int depth = 0; depth < 3; depth++)
        {
            IReadOnlyList<Artifact> entries = await RunListing.OfAsync(api, run.RunId, folder, cancellationToken).ConfigureAwait(false);
            if (entries.FirstOrDefault(entry => !entry.IsDirectory && ServedPath.WhyChanged(entry.ArtifactPath) is null) is { } file)
                return file.ArtifactPath;
            if (entries.FirstOrDefault(entry => entry.IsDirectory && ServedPath.WhyChanged(entry.ArtifactPath) is null) is not { } below)
                return null;
            folder = below.ArtifactPath;
        }

        return null;
    }
}
