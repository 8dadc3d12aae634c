using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Anovos.Mlflow.TestServer;

namespace Anovos.Mlflow.Tests.Documentation;

/// <summary>A reader's surroundings: the folder of the sample, a server with the work of others, and a Databricks workspace.</summary>
internal sealed class World : IAsyncDisposable
{
    /// <summary>
    /// Typed before an example of the help, which is read on its own: a run of the workflow is active on the server, and an offline run
    /// waits to be sent.
    /// </summary>
    public const string BeforeAnExample =
        $"""
        $env:MLFLOW_TRACKING_URI = 'http://localhost:5000'
        $null = Start-MlflowRun -Offline -Experiment Customers -Name offline | Stop-MlflowRun
        $null = Import-AnovosConfig ./config.yaml | Start-MlflowRun -TrackingUri http://localhost:5000 -RunId {Colleagues.Today}
        """;

    private readonly TrackingServer _server, _workspace, _broken;
    private readonly HttpClient _client;

    private World(TrackingServer server, TrackingServer workspace, TrackingServer broken)
    {
        (_server, _workspace, _broken) = (server, workspace, broken);
        _client = new HttpClient { BaseAddress = server.Uri };
        Folder = Directory.CreateTempSubdirectory("anovos-mlflow-reader-").FullName;
    }

    /// <summary>The reader's current folder.</summary>
    public string Folder { get; }

    /// <summary>The reader's environment.</summary>
    public Dictionary<string, string> Variables => new()
    {
        ["HOME"] = Path.Combine(Folder, ".home"),
        ["PATH"] = $"{Path.Combine(Folder, ".bin")}{Path.PathSeparator}{CleanEnvironment.SearchPath}",
        ["DATABRICKS_HOST"] = _workspace.Uri.ToString(),
        ["DATABRICKS_TOKEN"] = "dapi-personal",
        ["ANOVOS_MLFLOW_RETRY_TIMEOUT"] = "1",
        ["MY_TOKEN"] = "a-token",
    };

    // The places in a page that are different places in the tests. Commands are changed in no other way.
    private (string Shown, string Here)[] Places =>
    [
        ("http://mlflow.example.com:5000", Address), ("http://localhost:5000", Address), ("http://127.0.0.1:5000", Address), ("http://127.0.0.1:8889", Address),
        ("http://broken.example.com:5000", _broken.Uri.ToString().TrimEnd('/')), ("https://mlflow.example.com", Address), ("https://mlflow.corp", Address),
        ("https://adb-1234567890123456.7.azuredatabricks.net", Workspace), ("adb-1234567890123456.7.azuredatabricks.net", Workspace["http://".Length..]),
        ("./out/Anovos.Mlflow", Repository.StagedModule), (@".\out\Anovos.Mlflow", Repository.StagedModule),
        ("/home/ada/anovos", Folder), ("/srv/anovos", Folder),
    ];

    private string Workspace => _workspace.Uri.ToString().TrimEnd('/');

    private string Address => _server.Uri.ToString().TrimEnd('/');

    /// <summary>Creates the servers and fills the folder.</summary>
    public static async Task<World> CreateAsync()
    {
        Queue<string> ids = new(Colleagues.RunIds);
        var world = new World(
            await TrackingServer.StartAsync(new() { NewRunId = () => ids.TryDequeue(out string? id) ? id : Guid.NewGuid().ToString("N") }),
            await TrackingServer.StartAsync(new()
            {
                Workspace = new()
                {
                    Folders = ["/Shared", "/Shared/anovos", "/Shared/locked", "/Users", "/Users/ada@example.com"],
                    ForbiddenFolders = ["/Shared/locked"],
                    UnityCatalog = new() { DefaultCatalog = "hive_metastore" },

                    // Its task fails once.
                    SavedJobs = [File.ReadAllText(Path.Combine(Repository.Root, "samples", "databricks", "job.json"))],
                    Job = new() { TaskResults = new Dictionary<string, IReadOnlyList<string>> { ["workflow"] = ["FAILED", "SUCCESS"] } },
                },
            }),
            await TrackingServer.StartAsync());
        world._broken.Faults.Add("*", "*", Faults.Answer(500, """{"error_code": "INTERNAL_ERROR", "message": "database is locked"}"""), times: int.MaxValue);
        world.Furnish();
        await new Colleagues(world._client).WorkAsync();
        return world;
    }

    /// <summary>The text of a page, with the places of the tests.</summary>
    public string Here(string text) => Places.Aggregate(text, (done, place) => done.Replace(place.Shown, place.Here, StringComparison.Ordinal));

    /// <summary>
    /// The text of the window, with the places of the page. If several places are the same in the tests, those that the command names have
    /// priority, then those that the page names.
    /// </summary>
    public string Shown(string text, Command command) => Places.OrderBy(place => command.Text.Contains(place.Shown, StringComparison.Ordinal) ? 0 : command.Page.Text.Contains(place.Shown, StringComparison.Ordinal) ? 1 : 2).Aggregate(text, (done, place) => done.Replace(place.Here, place.Shown, StringComparison.Ordinal));

    public async ValueTask DisposeAsync()
    {
        _client.Dispose();
        await _server.DisposeAsync();
        await _workspace.DisposeAsync();
        await _broken.DisposeAsync();
        Directory.Delete(Folder, recursive: true);
    }

    // The samples as in a checkout. The content of samples/customers is also in the folder itself, because most pages start there.
    private void Furnish()
    {
        string samples = Path.Combine(Repository.Root, "samples");
        Copy(samples, Path.Combine(Folder, "samples"));
        Write("samples/income/config.yaml", Here(File.ReadAllText(Path.Combine(samples, "income", "config.yaml"))));
        Directory.CreateDirectory(Path.Combine(Folder, "out"));
        Copy(Path.Combine(samples, "customers"), Folder);
        File.Copy(InvokeWorkflowTests.WorkflowProgram, Path.Combine(Folder, "main.py"));
        Write("model/MLmodel", Colleagues.Model);
        Write("model/model.pkl", "a model");
        Write("churn/MLproject", "name: churn\nentry_points:\n  main:\n    parameters:\n      config: string\n      alpha: { type: float, default: 0.1 }\n    command: echo {config} {alpha}\n");
        Write("conf/churn.yaml", "write_main:\n  file_path: output\n");
        Write("src/main.py", "");
        Write("cluster.json", """{ "spark_version": "15.4.x-scala2.12", "node_type_id": "Standard_DS3_v2", "num_workers": 2 }""");
        using (var key = ECDsa.Create(ECCurve.NamedCurves.nistP256))
            Write("company-ca.pem", new CertificateRequest("CN=company", key, HashAlgorithmName.SHA256).CreateSelfSigned(Colleagues.Morning, Colleagues.Morning.AddYears(5)).ExportCertificatePem());
        string profile = $"host = {_workspace.Uri}\n";
        Write(".home/.databrickscfg", $"[prod]\n{profile}token = dapi-personal\n[dev]\n{profile}auth_type = databricks-cli\n");
        string signedOut = "Error: A new access token could not be retrieved because the refresh token is invalid. To reauthenticate, "
            + "run the following command:\n  $ databricks auth login --profile dev";
        Write(".bin/databricks", "#!/bin/sh\n[ \"$1\" = version ] && echo '{\"Major\": 1, \"Minor\": 13, \"Patch\": 0}' && exit\n"
            + $"echo '{signedOut}' >&2\nexit 1\n");

        // spark-submit without its own options is python. No browser window opens.
        foreach (string program in new[] { "python", "spark-submit", "xdg-open", "open", "databricks" })
        {
            if (program != "databricks")
                Write($".bin/{program}", program.EndsWith("open", StringComparison.Ordinal) ? "#!/bin/sh\n" : "#!/bin/sh\nwhile [ \"${1#--}\" != \"$1\" ]; do shift 2; done\nexec python3 \"$@\"\n");
            if (!OperatingSystem.IsWindows())
                File.SetUnixFileMode(Path.Combine(Folder, ".bin", program), UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }
    }

    private void Write(string name, string content)
    {
        string path = Path.Combine(Folder, name);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllText(path, content);
    }

    private static void Copy(string from, string to)
    {
        foreach (string file in Directory.GetFiles(from, "*", SearchOption.AllDirectories))
        {
            string target = Path.Combine(to, Path.GetRelativePath(from, file));
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            File.Copy(file, target);
        }
    }
}
