using System.Diagnostics;
using System.Runtime.InteropServices;
using Anovos.Mlflow.Artifacts;
using Anovos.Mlflow.Databricks;
using Anovos.Mlflow.Http;
using Anovos.Mlflow.Tracking;

namespace Anovos.Mlflow.Stores;

/// <summary>Describes whether a tracking store can be used.</summary>
public sealed record ConnectionReport
{
    /// <summary>The store.</summary>
    public required string TrackingUri { get; init; }

    /// <summary>Whether experiments and runs can be read with these credentials.</summary>
    public bool Usable => Problem is null;

    /// <summary>The server's MLflow version; null for a folder, or if the server does not report it.</summary>
    public string? ServerVersion { get; init; }

    /// <summary>How long a small request took; null if it failed.</summary>
    public TimeSpan? RoundTrip { get; init; }

    /// <summary>Whether the server proxies artifacts (<c>--serve-artifacts</c>); always true for a folder. Null if the store cannot be used, and for a Databricks workspace.</summary>
    public bool? ServesArtifacts { get; init; }

    /// <summary>The kind of the server's own store, as it reports it (3.10 and later), such as <c>SqlStore</c>.</summary>
    public string? StoreType { get; init; }

    /// <summary>Whether the server has workspaces; null for one that does not describe itself, such as those before 3.10.</summary>
    public bool? Workspaces { get; init; }

    /// <summary>Whether the server reports that large files are transferred directly to or from its bucket; null as above.</summary>
    public bool? Multipart { get; init; }

    /// <summary>Whether the server reports that it signs URLs for runs whose artifacts are in a bucket; null as above.</summary>
    public bool? Presigned { get; init; }

    /// <summary>The host of the bucket, from a URL that the server signs; null if no run shows it.</summary>
    public string? BucketHost { get; init; }

    /// <summary>Whether <see cref="BucketHost"/> can be reached from here within three seconds; null if the host is not known.</summary>
    public bool? BucketReachable { get; init; }

    /// <summary>The caller's identity: the sign-in method and the source of its settings. Null for a folder.</summary>
    public string? Identity { get; init; }

    /// <summary>For a Databricks workspace: why each other sign-in method was not used.</summary>
    public IReadOnlyList<string> IdentityNotUsed { get; init; } = [];

    /// <summary>The proxy for requests to this server, from the environment; null if there is none.</summary>
    public string? Proxy { get; init; }

    /// <summary>The module's version, and the versions of .NET and the operating system.</summary>
    public string Client { get; } = $"{HttpTransport.UserAgent.Replace('/', ' ')}, {RuntimeInformation.FrameworkDescription}, {RuntimeInformation.OSDescription}";

    /// <summary>The kind of the problem; null if there is none.</summary>
    public ErrorKind? Problem { get; init; }

    /// <summary>
    /// The problem, and what to change. For a usable folder that does not exist, a note about that; for a usable server, why the host of
    /// its bucket cannot be reached. Otherwise null.
    /// </summary>
    public string? Message { get; init; }

    /// <summary>Returns the report for a store that could not be opened.</summary>
    public static ConnectionReport Of(string trackingUri, MlflowException failure) =>
        new() { TrackingUri = trackingUri, Problem = failure.Kind, Message = failure.Message };

    /// <summary>Tests the store.</summary>
    public static async Task<ConnectionReport> OfAsync(ITrackingStore store, CancellationToken cancellationToken)
    {
        RestApi? api = store.As<RestStore>()?.Api;
        ConnectionReport report = await AskAsync(store, api, cancellationToken).ConfigureAwait(false);

        // Only after the requests is it known which of several programs the user is signed in with.
        return report with { Identity = api?.Options.ToString(), IdentityNotUsed = api?.Options.Identity?.NotUsed ?? [] };
    }

    private static async Task<ConnectionReport> AskAsync(ITrackingStore store, RestApi? api, CancellationToken cancellationToken)
    {
        var report = new ConnectionReport
        {
            TrackingUri = store.TrackingUri,
            Proxy = api is null ? null : EnvironmentProxy.AddressFor(api.Server, api.Options),
        };
        try
        {
            await store.SearchExperimentsAsync(new ExperimentSearch(MaxResults: 1), null, cancellationToken).ConfigureAwait(false);

            // The first request opened the connection, so only the second measures the round trip.
            var clock = Stopwatch.StartNew();
            await store.SearchExperimentsAsync(new ExperimentSearch(MaxResults: 1), null, cancellationToken).ConfigureAwait(false);
            report = report with { RoundTrip = clock.Elapsed };
            if (store.As<WorkspaceStore>() is not null)
                return report;
            return api is null
                ? report with { ServesArtifacts = true, Message = MessageOnMissing(store) }
                : await AskServerAsync(report, store, api, cancellationToken).ConfigureAwait(false);
        }
        catch (MlflowException e)
        {
            return report with { Problem = e.Kind, Message = e.Message };
        }
    }

    private static string? MessageOnMissing(ITrackingStore store) => MissingStore.KindOf(store) is { } what
        ? $"There is no {what} {store.TrackingUri} yet, so it has no experiments and no runs. The first run or experiment creates it."
        : null;

    private static async Task<ConnectionReport> AskServerAsync(
        ConnectionReport report, ITrackingStore store, RestApi api, CancellationToken cancellationToken)
    {
        string? version = await TryAsync(() => api.GetTextAsync("version", cancellationToken)).ConfigureAwait(false);
        using var artifacts = new ProxiedArtifactStore(api, new Uri(api.Server, ProxiedArtifactStore.Endpoint), ownsApi: false);
        bool serves = await TryAsync(() => artifacts.ListAsync("", cancellationToken)).ConfigureAwait(false) is not null;
        report = report with { ServerVersion = version is { Length: < 40 } ? version : null, ServesArtifacts = serves };
        if (await api.Capabilities.GetAsync(cancellationToken).ConfigureAwait(false) is not { StoreType: not null } info)
            return report;
        report = report with
        {
            StoreType = info.StoreType,
            Workspaces = info.HasWorkspaces,
            Multipart = info.TakesParts || info.GivesDirectDownloads,
            Presigned = info.SignsUrls,
        };
        PresignedUrl? bucket = await TryAsync(() => BucketProbe.FindUrlAsync(store, api, info, cancellationToken)).ConfigureAwait(false);
        if (bucket is null)
            return report;
        string? why = await api.Direct.WhyUnreachableAsync(bucket, cancellationToken).ConfigureAwait(false);
        return report with
        {
            BucketHost = bucket.Host.Authority,
            BucketReachable = why is null,
            Message = why is null ? null : $"The bucket at {bucket.Host.Authority} cannot be reached from here: {why}",
        };
    }

    // A server without these endpoints can still be used. Their absence is the result.
    private static async Task<T?> TryAsync<T>(Func<Task<T>> ask)
        where T : class?
    {
        try
        {
            return await ask().ConfigureAwait(false);
        }
        catch (MlflowException)
        {
            return null;
        }
    }
}
