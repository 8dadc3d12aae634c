using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace Anovos.Mlflow.TestServer;

/// <summary>
/// Emulators of cloud stores: s3rver with the bucket <c>artifacts</c>, and Azurite. Each is started once per process, when it is first
/// requested, if its command is on the PATH or in the folder of Node modules that <c>ANOVOS_TEST_NODE_MODULES</c> names.
/// </summary>
public static class CloudEmulator
{
    private static readonly List<Process> Started = [];
    private static readonly Lazy<string> Data = new(() => Directory.CreateTempSubdirectory("anovos-mlflow-").FullName);
    private static readonly Lazy<Uri?> S3Address = new(() => Start("s3rver", port => $"--directory {Data.Value} --address 127.0.0.1 --port {port} --silent --configure-bucket artifacts"));
    private static readonly Lazy<Uri?> AzureAddress = new(() => Start("azurite-blob", port => $"--silent --disableTelemetry --skipApiVersionCheck --inMemoryPersistence --blobHost 127.0.0.1 --blobPort {port}"));

    /// <summary>Returns the address of <c>s3rver</c> or <c>azurite</c>; null if it is not installed.</summary>
    public static Uri? Find(string store) => (store == "s3rver" ? S3Address : AzureAddress).Value;

    /// <summary>Returns why it is missing.</summary>
    public static string Missing(string store) =>
        $"{(store == "s3rver" ? "s3rver" : "azurite-blob")} is neither on the PATH nor in the folder that ANOVOS_TEST_NODE_MODULES names";

    /// <summary>Stops the started emulators.</summary>
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

            // s3rver encrypts its page tokens with DES.
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
