using System.Text;
using Anovos.Mlflow.Databricks;
using Anovos.Mlflow.Http;
using Anovos.Mlflow.Stores;
using Anovos.Mlflow.Tests.Tracking;
using Anovos.Mlflow.TestServer;
using Anovos.Mlflow.Tracking;

namespace Anovos.Mlflow.Tests.Databricks;

/// <summary>A workspace, a home folder and an environment for one test of signing in.</summary>
internal sealed class SignInFixture : IAsyncDisposable
{
    private readonly TemporaryFolder _folder = new();

    private SignInFixture(TrackingServer server) => Server = server;

    public TrackingServer Server { get; }

    public Variables Environment { get; } = [];

    public WorkspaceLookup? Lookup { get; set; }

    public string Folder => _folder.FullPath;

    /// <summary>The workspace's address, as a user writes it.</summary>
    public string Host => Server.Uri.GetLeftPart(UriPartial.Authority);

    /// <summary>The lines that the stand-in programs wrote about their calls.</summary>
    public string[] Calls => File.Exists(Path.Combine(Folder, "calls")) ? File.ReadAllLines(Path.Combine(Folder, "calls")) : [];

    public static async Task<SignInFixture> StartAsync(WorkspaceOptions? options = null)
    {
        var fixture = new SignInFixture(await TrackingServer.StartAsync(new() { Workspace = options ?? new WorkspaceOptions() }));
        fixture.Set("DATABRICKS_HOST", fixture.Host);
        return fixture;
    }

    public async ValueTask DisposeAsync()
    {
        await Server.DisposeAsync();
        _folder.Dispose();
    }

    public void Set(string name, string? value) => Environment[name] = value;

    public string Write(string name, string text)
    {
        string path = Path.Combine(Folder, name);
        File.WriteAllText(path, text);
        return path;
    }

    /// <summary>Writes a program into the folder of the fixture, which is the PATH.</summary>
    /// <param name="name">The name.</param>
    /// <param name="script">The body of a shell script; the call is recorded before it.</param>
    public string WriteProgram(string name, string script)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "the stand-ins of programs are shell scripts");
        string path = Write(name, $"#!/bin/sh\nprintf '%s\\n' \"$*\" >> '{Folder}/calls'\n{script}\n");
        if (!OperatingSystem.IsWindows())
            File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        Set("PATH", Folder);
        return path;
    }

    /// <summary>Returns a token of the workspace or of Entra ID for a resource.</summary>
    public string Issue(string audience = "workspace") => Server.Workspace!.IssueToken(audience);

    /// <summary>Returns a token with claims, like real ones; the stand-in does not know it.</summary>
    public static string Jwt(string claims) =>
        $"{Encode("""{"alg":"none"}""")}.{Encode(claims)}.signature";

    public ITrackingStore Open(string uri = "databricks")
    {
        TrackingTarget target = TrackingTarget.Parse(uri, "/");
        ConnectionOptions options = new() { Retry = RetryPolicy.None };
        return TrackingStores.Open(target, target.Complete(options, Environment.Read, Folder, Lookup));
    }

    /// <summary>Signs in, sends a request, and returns the method.</summary>
    public async Task<string> SignInAsync(string uri = "databricks")
    {
        using ITrackingStore store = Open(uri);
        ConnectionReport report = await ConnectionReport.OfAsync(store, TestContext.Current.CancellationToken);
        Assert.Null(report.Message);
        return report.Identity!.Replace(" for 127.0.0.1", "");
    }

    /// <summary>Returns the error of signing in.</summary>
    public Task<MlflowException> FailAsync(string uri = "databricks") => Assert.ThrowsAsync<MlflowException>(async () =>
    {
        using ITrackingStore store = Open(uri);
        await store.SearchExperimentsAsync(new ExperimentSearch(), null, TestContext.Current.CancellationToken);
    });

    private static string Encode(string text) =>
        Convert.ToBase64String(Encoding.UTF8.GetBytes(text)).TrimEnd('=').Replace('+', '-').Replace('/', '_');
}
