using System.Security.Cryptography;
using Anovos.Mlflow.Artifacts;
using Anovos.Mlflow.Http;
using Anovos.Mlflow.Stores;
using Anovos.Mlflow.TestServer;
using Anovos.Mlflow.Tracking;

namespace Anovos.Mlflow.Tests.Cloud;

/// <summary>A run of MLflow 3.17 whose artifacts are in a bucket of S3, where the server signs URLs but proxies nothing.</summary>
internal sealed class SignedRun : IAsyncDisposable
{
    private static readonly string[] Variables =
    [
        "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE", "AWS_SHARED_CREDENTIALS_FILE",
        "AWS_EC2_METADATA_DISABLED", "MLFLOW_S3_ENDPOINT_URL", "AWS_CONFIG_FILE", "AWS_CA_BUNDLE", "MLFLOW_S3_IGNORE_TLS",
        "GOOGLE_APPLICATION_CREDENTIALS", "STORAGE_EMULATOR_HOST", "CLOUDSDK_API_ENDPOINT_OVERRIDES_STORAGE", "CLOUDSDK_CONFIG",
        "NO_GCE_CHECK",
    ];

    private readonly Dictionary<string, string?> _before = Variables.ToDictionary(name => name, Environment.GetEnvironmentVariable);
    private readonly FakeCloud? _fake;
    private RestStore? _store;

    private SignedRun(FakeCloud? fake, TrackingServer server) => (_fake, Server) = (fake, server);

    public TrackingServer Server { get; }

    /// <summary>The fake; null for an emulator.</summary>
    public FakeCloud Bucket => _fake!;

    public Run Run { get; private set; } = null!;

    public IArtifactStore Artifacts { get; private set; } = null!;

    public List<string> Warnings { get; } = [];

    public List<RetryNotice> Retries { get; } = [];

    public string Folder { get; } = Directory.CreateTempSubdirectory("anovos-mlflow-").FullName;

    public string Destination => Path.Combine(Folder, "received");

    /// <summary>Starts one without credentials in the environment.</summary>
    /// <param name="store">s3 and "s3 with TLS" for a fake that checks signatures strictly, s3rver for an emulator.</param>
    /// <param name="version">The release whose responses to imitate.</param>
    /// <param name="address">The address in the URLs, if it differs from that of the bucket.</param>
    /// <param name="presigned">The user's setting for signed URLs.</param>
    /// <param name="scheme">The beginning of the artifact root.</param>
    public static async Task<SignedRun> OpenAsync(
        string store = "s3", MlflowVersion version = MlflowVersion.V3_17, Uri? address = null, PresignedUse presigned = PresignedUse.Auto,
        string scheme = "s3")
    {
        FakeCloud? fake = store switch
        {
            "s3" => await CloudStores.StartFakeAsync("s3"),
            "s3 with TLS" => await CloudStores.StartTlsAsync(),
            _ => null,
        };
        Uri bucket = address ?? fake?.Uri ?? Emulators.Require(store);
        var run = new SignedRun(fake, await TrackingServer.StartAsync(new TrackingServerOptions
        {
            Version = version,
            ArtifactRoot = ArtifactRootKind.Bucket,
            BucketAddress = bucket,
            BucketScheme = scheme,
            Token = "a-token",
        }));
        foreach (string name in Variables)
            Environment.SetEnvironmentVariable(name, null);
        Environment.SetEnvironmentVariable("AWS_SHARED_CREDENTIALS_FILE", Path.Combine(run.Folder, "none"));
        Environment.SetEnvironmentVariable("AWS_CONFIG_FILE", Path.Combine(run.Folder, "none"));
        Environment.SetEnvironmentVariable("AWS_EC2_METADATA_DISABLED", "true");
        Environment.SetEnvironmentVariable("CLOUDSDK_CONFIG", Path.Combine(run.Folder, "none"));
        Environment.SetEnvironmentVariable("NO_GCE_CHECK", "true");
        Environment.SetEnvironmentVariable("MLFLOW_S3_ENDPOINT_URL", bucket.AbsoluteUri.TrimEnd('/'));
        var options = new ConnectionOptions
        {
            Retry = new RetryPolicy { MaxRetries = 2, BackoffFactor = 0.001, Jitter = 0.001 },
            Token = "a-token",
            Presigned = presigned,
            Multipart = new MultipartOptions { RangedFileBytes = 200_000, RangeBytes = 100_000 },
        };
        run._store = new RestStore(run.Server.Uri, options, run.Retries.Adder());
        string id = await run._store.CreateExperimentAsync(new NewExperiment($"bucket {Guid.NewGuid():N}"), default);
        run.Run = await run._store.CreateRunAsync(new NewRun(id, null, "tester", 1), default);
        run.Open();
        return run;
    }

    /// <summary>Opens the artifacts again, with the current environment.</summary>
    public void Open()
    {
        Artifacts?.Dispose();
        Artifacts = ArtifactStores.Open(Run, _store!, Retries.Adder(), Warnings.Adder());
    }

    /// <summary>Trusts the certificate of the bucket.</summary>
    public void TrustCertificate()
    {
        string path = Path.Combine(Folder, "authority.pem");
        System.IO.File.WriteAllText(path, Bucket.CertificatePem);
        Environment.SetEnvironmentVariable("AWS_CA_BUNDLE", path);
        Open();
    }

    /// <summary>Sets credentials in the environment: those of the bucket, or others.</summary>
    public void GiveCredentials(string secret = "S3RVER")
    {
        Environment.SetEnvironmentVariable("AWS_ACCESS_KEY_ID", "S3RVER");
        Environment.SetEnvironmentVariable("AWS_SECRET_ACCESS_KEY", secret);
        Open();
    }

    public ArtifactUpload File(string artifactPath, int length)
    {
        string path = Path.Combine(Folder, artifactPath.Replace('/', '_'));
        System.IO.File.WriteAllBytes(path, RandomNumberGenerator.GetBytes(length));
        return new ArtifactUpload(new FileInfo(path), artifactPath);
    }

    public async Task<string[]> SendAsync(params ArtifactUpload[] uploads)
    {
        List<string> results = [];
        await new ArtifactTransfer(Artifacts, 4, new SendPolicy(null, Resend: false, Verify: true)).SendAsync(
            uploads,
            result =>
            {
                lock (results)
                    results.Add($"{result.Upload.ArtifactPath} {result.Error?.Message ?? "Sent"}");
            },
            _ => { },
            default);
        return [.. results.Order(StringComparer.Ordinal)];
    }

    public async Task<string[]> ReceiveAsync()
    {
        List<string> results = [];
        IReadOnlyList<ListedArtifact> files = await ArtifactTree.FilesAsync(Artifacts, "", 4, default);
        await new ArtifactReceiver(Artifacts, 4, overwrite: false).ReceiveAsync(
            files,
            Destination,
            result =>
            {
                lock (results)
                    results.Add($"{result.Artifact.ArtifactPath} {result.Error?.Message ?? "Received"}");
            },
            _ => { },
            default);
        return [.. results.Order(StringComparer.Ordinal)];
    }

    public byte[] Received(string path) => System.IO.File.ReadAllBytes(Path.Combine(Destination, path));

    public int Signed(string direction) =>
        Server.Requests.Count(request => request.Path.EndsWith($"presigned-{direction}-url", StringComparison.Ordinal));

    public async ValueTask DisposeAsync()
    {
        Artifacts.Dispose();
        _store?.Dispose();
        await Server.DisposeAsync();
        if (_fake is not null)
            await _fake.DisposeAsync();
        foreach ((string name, string? value) in _before)
            Environment.SetEnvironmentVariable(name, value);
        Directory.Delete(Folder, recursive: true);
    }
}
