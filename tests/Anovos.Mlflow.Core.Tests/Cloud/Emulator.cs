using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Anovos.Mlflow.Cloud;
using Anovos.Mlflow.Http;
using Anovos.Mlflow.TestServer;

[assembly: AssemblyFixture(typeof(Anovos.Mlflow.Tests.Cloud.Emulators))]

namespace Anovos.Mlflow.Tests.Cloud;

/// <summary>
/// Emulators of cloud stores, started once for all tests that need them: s3rver and Azurite, where their commands are on the
/// PATH or in the folder of Node modules that <c>ANOVOS_TEST_NODE_MODULES</c> names.
/// </summary>
public sealed class Emulators : IDisposable
{
    // Of the emulators: they are in their manuals.
    public const string AzureAccount = "devstoreaccount1";
    public const string AzureKey = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==";

    private static readonly List<Process> Started = [];
    private static readonly string Data = Directory.CreateTempSubdirectory("anovos-mlflow-").FullName;
    private static readonly Lazy<Uri?> S3Address = new(() => Start("s3rver", port => $"--directory {Data} --address 127.0.0.1 --port {port} --silent --configure-bucket artifacts"));
    private static readonly Lazy<Uri?> AzureAddress = new(() => Start("azurite-blob", port => $"--silent --disableTelemetry --skipApiVersionCheck --inMemoryPersistence --blobHost 127.0.0.1 --blobPort {port}"));

    /// <summary>The kinds of stores.</summary>
    public static TheoryData<string> Kinds => new("s3", "azure");

    /// <summary>The address of an emulator; skips the test where it is not installed.</summary>
    public static Uri Require(string kind)
    {
        Uri? address = (kind == "s3" ? S3Address : AzureAddress).Value;
        Assert.SkipWhen(address is null, $"{(kind == "s3" ? "s3rver" : "azurite-blob")} is neither on the PATH nor in the folder that ANOVOS_TEST_NODE_MODULES names");
        return address!;
    }

    /// <summary>The environment of a shell that works with the store at an address.</summary>
    public static Dictionary<string, string> Environment(string kind, Uri address) => kind == "s3"
        ? new() { ["MLFLOW_S3_ENDPOINT_URL"] = address.AbsoluteUri.TrimEnd('/'), ["AWS_ACCESS_KEY_ID"] = "S3RVER", ["AWS_SECRET_ACCESS_KEY"] = "S3RVER", ["AWS_EC2_METADATA_DISABLED"] = "true" }
        : new() { ["AZURE_STORAGE_CONNECTION_STRING"] = $"DefaultEndpointsProtocol=http;AccountName={AzureAccount};AccountKey={AzureKey};BlobEndpoint={address.AbsoluteUri.TrimEnd('/')}/{AzureAccount};" };

    /// <summary>Makes the store that of this process' environment, too.</summary>
    public static void UseInThisProcess(string kind)
    {
        foreach ((string name, string value) in Environment(kind, Require(kind)))
            System.Environment.SetEnvironmentVariable(name, value);
    }

    /// <summary>The URI of the bucket for tests, or of another one.</summary>
    public static string BucketUri(string kind, string bucket = "artifacts") => kind == "s3" ? $"s3://{bucket}" : $"wasbs://{bucket}@{AzureAccount}.blob.core.windows.net";

    public void Dispose()
    {
        foreach (Process process in Started)
        {
            process.Kill(entireProcessTree: true);
            process.WaitForExit();
        }

        Directory.Delete(Data, recursive: true);
    }

    private static Uri? Start(string command, Func<int, string> arguments)
    {
        string? modules = System.Environment.GetEnvironmentVariable("ANOVOS_TEST_NODE_MODULES");
        IEnumerable<string> folders = (System.Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator).Append(modules is null ? "" : Path.Combine(modules, ".bin"));
        string? path = folders.Where(folder => folder.Length > 0).Select(folder => Path.Combine(folder, OperatingSystem.IsWindows() ? command + ".cmd" : command)).FirstOrDefault(File.Exists);
        if (path is null)
            return null;
        int port = FreePort();
        Process process = Process.Start(new ProcessStartInfo(path, arguments(port))
        {
            WorkingDirectory = Data,
            RedirectStandardOutput = true,
            RedirectStandardError = true,

            // s3rver encrypts the marks of its pages with DES.
            Environment = { ["NODE_OPTIONS"] = "--openssl-legacy-provider" },
        })!;
        lock (Started)
            Started.Add(process);
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        while (!process.HasExited)
        {
            try
            {
                using var client = new TcpClient("127.0.0.1", port);
                break;
            }
            catch (SocketException)
            {
                Thread.Sleep(50);
            }
        }

        if (process.HasExited)
            throw new InvalidOperationException($"{path} ended at once, with exit code {process.ExitCode}.");
        var address = new Uri($"http://127.0.0.1:{port}");
        if (command == "azurite-blob")
            new Azure.Storage.Blobs.BlobContainerClient(Environment("azure", address).Values.Single(), "artifacts").Create();
        return address;
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}

/// <summary>A place of its own in an emulator, behind a gateway that records and refuses.</summary>
internal sealed class CloudPlace : IAsyncDisposable
{
    private CloudPlace(string kind, CloudGateway gateway, Dictionary<string, string> environment)
    {
        (Gateway, Environment) = (gateway, environment);
        Uri = $"{Emulators.BucketUri(kind)}/{Guid.NewGuid():N}";
    }

    public CloudGateway Gateway { get; }

    public Dictionary<string, string> Environment { get; }

    public string Uri { get; }

    public List<RetryNotice> Retries { get; } = [];

    public string Folder { get; } = Directory.CreateTempSubdirectory("anovos-mlflow-").FullName;

    /// <summary>The requests that carried parts.</summary>
    public string[] Parts => [.. Gateway.Requests.Where(IsPart)];

    public static bool IsPart(string request) => request.StartsWith("PUT") && (request.Contains("partNumber=") || request.Contains("comp=block&"));

    public static async Task<CloudPlace> OpenAsync(string kind)
    {
        CloudGateway gateway = await CloudGateway.StartAsync(Emulators.Require(kind));
        return new CloudPlace(kind, gateway, Emulators.Environment(kind, gateway.Uri));
    }

    public (IBucket Bucket, string Key) Bucket(string? uri = null, int retries = 2)
    {
        var options = new ConnectionOptions { Retry = new RetryPolicy { MaxRetries = retries, BackoffFactor = 0.001, Jitter = 0.001 } };
        return Buckets.Open(uri ?? Uri, name => Environment.GetValueOrDefault(name), options, new Retrier(options.Retry, Retries.Add));
    }

    public BucketArtifactStore Store(string? uri = null, int retries = 2)
    {
        (IBucket bucket, string key) = Bucket(uri, retries);
        return new BucketArtifactStore(bucket, key);
    }

    public FileInfo File(int length, string name = "file")
    {
        string path = Path.Combine(Folder, name);
        System.IO.File.WriteAllBytes(path, System.Security.Cryptography.RandomNumberGenerator.GetBytes(length));
        return new FileInfo(path);
    }

    public async ValueTask DisposeAsync()
    {
        await Gateway.DisposeAsync();
        Directory.Delete(Folder, recursive: true);
    }
}
