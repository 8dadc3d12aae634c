using System.Collections.Concurrent;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace Anovos.Mlflow.TestServer;

/// <summary>An MLflow tracking server in memory, on a free port of this machine. It can inject faults, and records its requests.</summary>
public sealed class TrackingServer : IAsyncDisposable
{
    private readonly TrackingServerOptions _options;
    private readonly ConcurrentQueue<RecordedRequest> _requests = new();
    private int _underway;
    private readonly ArtifactStore _artifacts;
    private readonly TrackingState _state;
    private readonly MultipartEndpoints? _multipart;
    private readonly SignedBucket? _bucket;
    private readonly RequestPipeline _pipeline;
    private readonly WebApplication _app;
    private readonly X509Certificate2? _root, _authority;

    private TrackingServer(TrackingServerOptions options)
    {
        _options = options;
        _artifacts = new ArtifactStore(options.ArtifactRoot, options.BucketScheme);
        _state = new TrackingState(options.Version, options.Workspace is null ? _artifacts.Root : DatabricksWorkspace.ArtifactRoot);
        _multipart = options.HasBucket ? new MultipartEndpoints(_artifacts, options.Version, options.BucketAddress) : null;
        _bucket = options.ArtifactRoot == ArtifactRootKind.Bucket ? new SignedBucket(options.BucketAddress!) : null;
        Workspace = options.Workspace is null ? null : new DatabricksWorkspace(options.Workspace, _state, _artifacts);
        _pipeline = new RequestPipeline(options, _state, _artifacts, _multipart, _bucket, Workspace);
        if (options.HasIntermediateAuthority)
            (_root, _authority, Certificate) = Certificates.CreateChain();
        else if (options.UseTls)
            Certificate = Certificates.Create("mlflow test server");
        ClientCertificate = options.RequireClientCertificate ? Certificates.Create("mlflow test client") : null;
        _app = KestrelHost.Build(Certificate, ClientCertificate, _authority);
        _app.Run(HandleAsync);
    }

    /// <summary>The tracking URI, including the prefix.</summary>
    public Uri Uri { get; private set; } = null!;

    /// <summary>All requests so far, in the order of their arrival.</summary>
    public IReadOnlyList<RecordedRequest> Requests => [.. _requests];

    /// <summary>The number of requests in progress, including those of disconnected clients.</summary>
    public int Underway => Volatile.Read(ref _underway);

    /// <summary>The artifacts by path below the artifact root, such as <c>1/&lt;run&gt;/artifacts/a.txt</c>.</summary>
    public IReadOnlyDictionary<string, StoredArtifact> Artifacts => _artifacts.All;

    /// <summary>The runs, in the order of their creation.</summary>
    public IReadOnlyList<StoredRun> Runs
    {
        get
        {
            lock (_state)
                return [.. _state.Runs.Values];
        }
    }

    /// <summary>The experiments, in the order of their creation; the first is Default.</summary>
    public IReadOnlyList<StoredExperiment> Experiments
    {
        get
        {
            lock (_state)
                return [.. _state.Experiments.Values];
        }
    }

    /// <summary>The registered models, in the order of their creation.</summary>
    public IReadOnlyList<StoredModel> Models
    {
        get
        {
            lock (_state)
                return [.. _state.Models.Values];
        }
    }

    /// <summary>The faults to inject.</summary>
    public FaultList Faults { get; } = new();

    /// <summary>The Databricks workspace around the tracking server; null if it is not a workspace.</summary>
    public DatabricksWorkspace? Workspace { get; }

    /// <summary>The folder of <see cref="ArtifactRootKind.File"/>; null otherwise.</summary>
    public string? ArtifactFolder => _artifacts.RootFolder;

    /// <summary>The root of <see cref="TrackingServerOptions.HasIntermediateAuthority"/>, as PEM.</summary>
    public string AuthorityPem => _root!.ExportCertificatePem();

    /// <summary>The authority between that root and the server, as PEM.</summary>
    public string IntermediatePem => _authority!.ExportCertificatePem();

    /// <summary>The server's certificate, self-signed unless it has an authority; null without TLS.</summary>
    public X509Certificate2? Certificate { get; }

    /// <summary>The server's certificate as PEM, which a client must trust.</summary>
    public string CertificatePem => Certificate!.ExportCertificatePem();

    /// <summary>The only client certificate that the server accepts; null if it does not request one.</summary>
    public X509Certificate2? ClientCertificate { get; }

    /// <summary>The client certificate as PEM, followed by its key.</summary>
    public string ClientCertificatePem => Certificates.WithKey(ClientCertificate!);

    /// <summary>Starts a server. Without options, it is 3.11 and open to everyone.</summary>
    public static async Task<TrackingServer> StartAsync(TrackingServerOptions? options = null)
    {
        var server = new TrackingServer(options ?? new TrackingServerOptions());
        await server._app.StartAsync();
        server.Uri = new Uri(server._app.Urls.First() + server._options.PathPrefix);
        return server;
    }

    /// <summary>Returns the artifacts of a run by their path in it.</summary>
    public IReadOnlyDictionary<string, StoredArtifact> ArtifactsOf(string runId)
    {
        string root = _artifacts.PathOf(Runs.Single(run => run.RunId == runId).ArtifactUri) + "/";
        return Artifacts.Where(pair => pair.Key.StartsWith(root, StringComparison.Ordinal))
            .ToDictionary(pair => pair.Key[root.Length..], pair => pair.Value);
    }

    /// <summary>Stores an artifact under any name, as another client of the server's bucket could.</summary>
    public Task StoreAsync(string runId, string path, byte[] content)
    {
        string? root = _artifacts.PathOf(Runs.Single(run => run.RunId == runId).ArtifactUri);
        return _artifacts.SaveAsync($"{root}/{path}", new MemoryStream(content), _ => { }, default);
    }

    /// <summary>The number of multipart uploads that are neither completed nor aborted.</summary>
    public int UnfinishedUploads => _multipart?.Unfinished ?? 0;

    /// <summary>Makes the bucket reject the URLs for parts that were issued so far.</summary>
    public void ExpirePartAddresses() => _multipart!.ExpireAddresses();

    /// <summary>Signs the next <paramref name="count"/> URLs of <see cref="ArtifactRootKind.Bucket"/> with yesterday's date.</summary>
    public void ExpireNextAddresses(int count) => _bucket!.ExpireNext(count);

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        // A fault may hold a request forever, which must not block the test.
        using var patience = new CancellationTokenSource(TimeSpan.FromMilliseconds(100));
        await _app.StopAsync(patience.Token);
        await _app.DisposeAsync();
        _artifacts.Dispose();
        _bucket?.Dispose();
        Certificate?.Dispose();
        _authority?.Dispose();
        _root?.Dispose();
        ClientCertificate?.Dispose();
    }

    private async Task HandleAsync(HttpContext context)
    {
        Interlocked.Increment(ref _underway);
        try
        {
            await RecordAsync(context);
        }
        finally
        {
            Interlocked.Decrement(ref _underway);
        }
    }

    private async Task RecordAsync(HttpContext context)
    {
        var recorded = new RecordedRequest
        {
            Method = context.Request.Method,
            Path = RequestReader.TargetOf(context.Request),
            Headers = context.Request.Headers.ToDictionary(pair => pair.Key, pair => pair.Value.ToString(), StringComparer.OrdinalIgnoreCase),
        };
        _requests.Enqueue(recorded);
        if (!HttpMethods.IsPut(context.Request.Method))
        {
            using var body = new MemoryStream();
            await context.Request.Body.CopyToAsync(body, context.RequestAborted);
            recorded.Body = body.ToArray();
            recorded.BodyLength = body.Length;
        }

        Task Handle() => _pipeline.HandleAsync(context, recorded);
        await (Faults.Take(recorded.Method, RequestReader.PathOf(context.Request)) is { } fault ? fault(context, Handle) : Handle());
    }
}
