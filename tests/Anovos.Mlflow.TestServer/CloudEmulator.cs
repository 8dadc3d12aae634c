using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace Anovos.Mlflow.TestServer;

/// <summary>
/// Emulators of cloud stores, each started once for a process when it is first asked for: s3rver with the bucket
/// <c>artifacts</c>, and Azurite, where their commands are on the PATH or in the folder of Node modules that
/// <c>ANOVOS_TEST_NODE_MODULES</c> names.
/// </summary>
public static class CloudEmulator
{
    // Azurite's own: they are in its manual.
    public const string AzureAccount = "devstoreaccount1";
    public const string AzureKey = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==";

    private static readonly List<Process> Started = [];
    private static readonly Lazy<string> Data = new(() => Directory.CreateTempSubdirectory("anovos-mlflow-").FullName);
    private static readonly Lazy<Uri?> S3Address = new(() => Start("s3rver", port => $"--directory {Data.Value} --address 127.0.0.1 --port {port} --silent --configure-bucket artifacts"));
    private static readonly Lazy<Uri?> AzureAddress = new(() => Start("azurite-blob", port => $"--silent --disableTelemetry --skipApiVersionCheck --inMemoryPersistence --blobHost 127.0.0.1 --blobPort {port}"));

    /// <summary>The address of the emulator of <c>s3</c> or <c>azure</c>; null where it is not installed.</summary>
    public static Uri? Find(string kind) => (kind == "s3" ? S3Address : AzureAddress).Value;

    /// <summary>Why there is none.</summary>
    public static string Missing(string kind) => $"{(kind == "s3" ? "s3rver" : "azurite-blob")} is neither on the PATH nor in the folder that ANOVOS_TEST_NODE_MODULES names";

    /// <summary>The environment of a shell that works with the store at an address.</summary>
    public static Dictionary<string, string> Environment(string kind, Uri address) => kind == "s3"
        ? new() { ["MLFLOW_S3_ENDPOINT_URL"] = address.AbsoluteUri.TrimEnd('/'), ["AWS_ACCESS_KEY_ID"] = "S3RVER", ["AWS_SECRET_ACCESS_KEY"] = "S3RVER", ["AWS_EC2_METADATA_DISABLED"] = "true" }
        : new() { ["AZURE_STORAGE_CONNECTION_STRING"] = $"DefaultEndpointsProtocol=http;AccountName={AzureAccount};AccountKey={AzureKey};BlobEndpoint={address.AbsoluteUri.TrimEnd('/')}/{AzureAccount};" };

    /// <summary>The URI of the bucket for tests, or of another one.</summary>
    public static string BucketUri(string kind, string bucket = "artifacts") => kind == "s3" ? $"s3://{bucket}" : $"wasbs://{bucket}@{AzureAccount}.blob.core.windows.net";

    /// <summary>Ends those that were started.</summary>
    public static void Stop()
    {
        foreach (Process process in Started)
        {
            process.Kill(entireProcessTree: true);
            process.WaitForExit();
        }

        if (Data.IsValueCreated)
            Directory.Delete(Data.Value, recursive: true);
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
            WorkingDirectory = Data.Value,
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
        return address;
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
