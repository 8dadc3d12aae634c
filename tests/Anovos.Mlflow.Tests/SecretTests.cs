using System.Collections;
using System.Management.Automation;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using Anovos.Mlflow.TestServer;

namespace Anovos.Mlflow.Tests;

/// <summary>
/// Puts a secret in each place that accepts one, has a server, a bucket or a program repeat it or a proxy refuse it, and then searches
/// everything that is written: the streams, <c>$Error</c>, exceptions, a transcript, logs and reports.
/// </summary>
public sealed class SecretTests : IAsyncLifetime
{
    private const string Secret = "planted-s3cret+42";

    private readonly ScriptSession _session = new();
    private readonly RefusingProxy _proxy = new();
    private readonly Dictionary<string, string?> _before = [];
    private TrackingServer _server = null!;
    private string? _credentials;

    /// <summary>
    /// The places: variables (with the secret as *, the server as @, the proxy as %), or values that the script sets.
    /// </summary>
    public static TheoryData<string> Places =>
    [
        "MLFLOW_TRACKING_USERNAME=ada;MLFLOW_TRACKING_PASSWORD=*",
        "MLFLOW_TRACKING_TOKEN=*",
        "MLFLOW_TRACKING_URI=http://ada:*@@/",
        "~/.mlflow/credentials",
        "-Credential",
        "-Token",
        "-TrackingUri",
        "the workflow file",
        "HTTP_PROXY=http://ada:*@%",
        "http_proxy=http://ada:*@%",
        "HTTPS_PROXY=http://ada:*@%;MLFLOW_TRACKING_URI=https://mlflow.invalid",
        "https_proxy=http://ada:*@%;MLFLOW_TRACKING_URI=https://mlflow.invalid",
        "ALL_PROXY=http://ada:*@%;MLFLOW_TRACKING_URI=https://mlflow.invalid",
        "all_proxy=ada:*@%;MLFLOW_TRACKING_URI=https://mlflow.invalid",
        "HTTPS_PROXY=http://*@%;MLFLOW_TRACKING_URI=https://mlflow.invalid",
        "MLFLOW_TRACKING_URI=databricks;DATABRICKS_HOST=http://@;DATABRICKS_TOKEN=*",
        "MLFLOW_TRACKING_URI=databricks;DATABRICKS_HOST=http://@;DATABRICKS_CLIENT_ID=app;DATABRICKS_CLIENT_SECRET=*",
        "MLFLOW_TRACKING_URI=databricks;DATABRICKS_HOST=http://@;DATABRICKS_OIDC_TOKEN=*",
        "MLFLOW_TRACKING_URI=databricks;DATABRICKS_HOST=http://@;DATABRICKS_OIDC_TOKEN_ENV=MY_JWT;MY_JWT=*",
        "MLFLOW_TRACKING_URI=databricks;DATABRICKS_HOST=http://@;DATABRICKS_OIDC_TOKEN_FILEPATH=$/jwt",
        "MLFLOW_TRACKING_URI=databricks;DATABRICKS_HOST=http://@;DATABRICKS_USERNAME=ada;DATABRICKS_PASSWORD=*",
        "MLFLOW_TRACKING_URI=databricks://planted;DATABRICKS_CONFIG_FILE=$/token.cfg",
        "MLFLOW_TRACKING_URI=databricks://planted;DATABRICKS_CONFIG_FILE=$/secret.cfg",
        "MLFLOW_TRACKING_URI=databricks;DATABRICKS_HOST=http://@;AZURE_AUTHORITY_HOST=http://@/;DATABRICKS_AZURE_RESOURCE_ID=/x;"
            + "ARM_TENANT_ID=t;ARM_CLIENT_ID=app;ARM_CLIENT_SECRET=*",
        "MLFLOW_TRACKING_URI=databricks;DATABRICKS_HOST=http://@;DATABRICKS_CLIENT_ID=app;DATABRICKS_AUTH_TYPE=azure-devops-oidc;"
            + "SYSTEM_OIDCREQUESTURI=http://@/oidc;SYSTEM_ACCESSTOKEN=*",
        "MLFLOW_TRACKING_URI=databricks;DATABRICKS_HOST=http://@;DATABRICKS_AZURE_RESOURCE_ID=/x;ARM_USE_MSI=true;"
            + "IDENTITY_ENDPOINT=http://@/msi;IDENTITY_HEADER=*",
        "MLFLOW_S3_ENDPOINT_URL=http://@;AWS_ACCESS_KEY_ID=id;AWS_SECRET_ACCESS_KEY=*;BUCKET=s3://bucket/a",
        "MLFLOW_S3_ENDPOINT_URL=http://@;AWS_ACCESS_KEY_ID=id;AWS_SECRET_ACCESS_KEY=key;AWS_SESSION_TOKEN=*;BUCKET=s3://bucket/a",
        "AZURE_STORAGE_CONNECTION_STRING=BlobEndpoint=http://@/account\u037eAccountName=account\u037eAccountKey=*;"
            + "BUCKET=wasbs://box@account.blob.core.windows.net/a",
        "AZURE_STORAGE_ACCESS_KEY=*;BUCKET=wasbs://box@account.blob.invalid/a",
        "AZURE_STORAGE_SAS_TOKEN=sv=1&sig=*;BUCKET=wasbs://box@account.blob.invalid/a",
        "-Environment",
        "the URI of a project",
    ];

    // One script for all places.
    private const string Script =
        """
        $VerbosePreference = $DebugPreference = 'Continue'
        $at = if ($Place -eq '-TrackingUri') { @{ TrackingUri = $SecretUri } } else { @{} }
        if ($Place -eq '-Credential') { Connect-Mlflow -Credential ([pscredential]::new('ada', [System.Net.NetworkCredential]::new('', $Secret).SecurePassword)) }
        if ($Place -eq '-Token') { Connect-Mlflow -Token ([System.Net.NetworkCredential]::new('', $Secret).SecurePassword) }
        # Before a command gets one of these, the session does not know the secret, and neither does a server.
        if ($Place -notin 'the workflow file', '-Environment', 'the URI of a project') {
            Test-MlflowConnection @at
            Get-MlflowConnection @at
            Get-MlflowExperiment @at
            Get-MlflowRun @at
            Start-MlflowRun @at -Name kept -OfflineFallback
            Send-MlflowArtifact $Text
            Stop-MlflowRun
        }
        if ($env:BUCKET) {
            New-MlflowExperiment -TrackingUri ./store -Name $env:BUCKET -ArtifactLocation $env:BUCKET
            Start-MlflowRun -TrackingUri ./store -Experiment $env:BUCKET
            Send-MlflowArtifact $Text
            Get-MlflowArtifact
            Stop-MlflowRun
        }
        $extra = if ($Place -eq '-Environment') { @{ MY_API_TOKEN = $Secret } } else { @{} }
        if ($Place -notin '-Environment', 'the URI of a project') {
            Import-AnovosConfig $Config | Invoke-AnovosWorkflow -SkipCheck /bin/sh $Program -OfflinePath ./kept -Environment $extra
        }
        if ($Place -like '*project*') { Invoke-MlflowProject "http://ada:$Secret@$Authority/x.git" -TrackingUri ./store }
        Import-AnovosConfig $Config | Invoke-AnovosWorkflow -SkipCheck -TrackingUri ./store /bin/sh $Program -Environment $extra
        Get-MlflowRun -TrackingUri ./store | Export-MlflowReport -Path ./report.html -Force
        """;

    [Theory]
    [MemberData(nameof(Places))]
    public void A_planted_secret_comes_out_nowhere(string place)
    {
        foreach ((string name, string value) in Plant(place))
            Set(name, value);
        ScriptResult result = _session.Run(
            $$"""
            {{Script}}
            'the errors:'
            $Error | ForEach-Object {
                $_ | Format-List * -Force | Out-String -Width 4000
                for ($e = $_.Exception; $e; $e = $e.InnerException) { "$e"; $e.Message; $e.Data | Out-String }
            }
            """,
            [("Place", place), .. Variables(place)]);

        Dictionary<string, string> found = Everything(result);
        Assert.Equal(13, found.Count);
        Assert.SkipWhen(OperatingSystem.IsWindows() && place.StartsWith('~'), "the home folder is not the environment's there");
        Assert.Empty(found.Where(stream => Forms(place).Any(stream.Value.Contains)).Select(stream => $"{stream.Key}: {Around(stream.Value, place)}"));
        // On other systems, a /bin/sh program repeats the secret.
        if (!OperatingSystem.IsWindows())
            Assert.Contains("***", string.Concat(found.Values));
        Assert.NotEmpty(found["$Error"]);
    }

    [Fact]
    public void A_transcript_of_all_places_shows_none_of_the_secrets()
    {
        string transcript = Path.Combine(_session.Folder, "transcript.txt");
        string plan = JsonSerializer.Serialize(Places.Select(row => row.Data).Select(place => new
        {
            Place = place,
            Variables = Plant(place).ToDictionary(variable => variable.Name, variable => variable.Value),
            Session = Variables(place).ToDictionary(variable => variable.Name, variable => variable.Value),
        }));
        string script = _session.Write("all.ps1", $$"""
            Set-Location '{{_session.Folder}}'
            Import-Module '{{Path.Combine(Repository.StagedModule, "Anovos.Mlflow.psd1")}}'
            Start-Transcript -Path '{{transcript}}' | Out-Null
            foreach ($each in Get-Content -Raw -LiteralPath ./plan.json | ConvertFrom-Json) {
                $Place = $each.Place
                $each.Session.PSObject.Properties | ForEach-Object { Set-Variable $_.Name $_.Value }
                $before = @{}
                $each.Variables.PSObject.Properties | ForEach-Object {
                    $before[$_.Name] = [Environment]::GetEnvironmentVariable($_.Name)
                    [Environment]::SetEnvironmentVariable($_.Name, $_.Value)
                }
            {{Script}}
                Disconnect-Mlflow
                $before.Keys | ForEach-Object { [Environment]::SetEnvironmentVariable($_, $before[$_]) }
            }
            Stop-Transcript | Out-Null
            """);
        _session.Write("plan.json", plan);
        IEnumerable<(string Name, string? Value)> environment = CleanEnvironment.Variables.Where(variable => !_before.ContainsKey(variable.Name));
        (_, string output, string error) = CleanProcess.Run(Repository.Pwsh, ["-NoProfile", "-File", script], _session.Folder,
            [.. environment, .. _before.Keys.Select(name => (name, Environment.GetEnvironmentVariable(name)))]);
        string shown = File.ReadAllText(transcript);
        Assert.All(new[] { output, error, shown }, text => Assert.DoesNotContain(Secret, text));
        Assert.Equal(Places.Count - 3, Regex.Matches(shown, "Usable +:").Count);
        Assert.Contains("***", shown);
    }

    public async ValueTask InitializeAsync()
    {
        _server = await TrackingServer.StartAsync();
        string basic = Convert.ToBase64String(Encoding.UTF8.GetBytes($"ada:{Secret}"));
        string said = $"you sent {Secret} as Basic {basic} and {System.Uri.EscapeDataString(Secret)}";
        _server.Faults.Add("*", "*", Faults.Answer(503, $$"""
            {"error_code": "TEMPORARILY_UNAVAILABLE", "error": "x", "error_description": "{{said}}", "message": "{{said}}"}
            """), times: 10_000);
        Set("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0");
        Set("MLFLOW_TRACKING_URI", _server.Uri.ToString());
    }

    public async ValueTask DisposeAsync()
    {
        foreach ((string name, string? value) in _before)
            Environment.SetEnvironmentVariable(name, value);
        if (_credentials is not null)
            File.Delete(_credentials);
        _session.Dispose();
        _proxy.Dispose();
        await _server.DisposeAsync();
    }

    private static string Around(string text, string place)
    {
        int at = Forms(place).Select(form => text.IndexOf(form, StringComparison.Ordinal)).First(index => index >= 0);
        int start = Math.Max(0, at - 300);
        return text.Substring(start, Math.Min(at + 20, text.Length) - start);
    }

    // The forms in which the secret was given or sent.
    private static string[] Forms(string place) =>
    [
        Secret, System.Uri.EscapeDataString(Secret),
        .. place.Contains("ada") || place is "-Credential" or "-TrackingUri" or "the workflow file" or "~/.mlflow/credentials"
            ? [Convert.ToBase64String(Encoding.UTF8.GetBytes($"ada:{Secret}"))]
            : Array.Empty<string>(),
    ];

    private string Uri(string password) => $"http://ada:{password}@{_server.Uri.Authority}/";

    private (string Name, object? Value)[] Variables(string place)
    {
        string tracking = place == "the workflow file" ? $"  tracking_uri: '{Uri(Secret)}'\n" : "";
        return
        [
            ("Secret", Secret), ("SecretUri", Uri(Secret)), ("Authority", _server.Uri.Authority), ("Text", _session.Write("a.txt", "x")),
            ("Program", _session.Write("say.sh", $"echo 'Bearer {Secret}'; echo '2026-01-01 00:00:00 | ERROR {Secret}' >&2; env\nexit 3\n")),
            ("Config", _session.Write(tracking.Length == 0 ? "config.yaml" : "tracking.yaml",
                $"input_dataset:\n  read_dataset:\n    file_path: x.csv\n    file_type: csv\nmlflow:\n  experiment: planted\n{tracking}")),
        ];
    }

    private (string Name, string Value)[] Plant(string place)
    {
        if (place == "~/.mlflow/credentials")
        {
            _credentials = Path.Combine(Environment.GetEnvironmentVariable("HOME")!, ".mlflow", "credentials");
            Directory.CreateDirectory(Path.GetDirectoryName(_credentials)!);
            File.WriteAllText(_credentials, $"[mlflow]\nmlflow_tracking_username = ada\nmlflow_tracking_password = {Secret}\n");
        }

        _session.Write("jwt", Secret);
        _session.Write("token.cfg", $"[planted]\nhost = http://{_server.Uri.Authority}\ntoken = {Secret}\n");
        _session.Write("secret.cfg", $"[planted]\nhost = http://{_server.Uri.Authority}\nclient_id = app\nclient_secret = {Secret}\n");
        return
        [
            .. from variable in place.Split(';')
               where variable.Contains('=')
               let pair = variable.Split('=', 2)
               select (pair[0], pair[1].Replace('\u037e', ';').Replace("*@@", $"*@{_server.Uri.Authority}")
                   .Replace("http://@", $"http://{_server.Uri.Authority}")
                   .Replace("%", _proxy.Authority).Replace("$", _session.Folder).Replace("*", Secret)),
        ];
    }

    private void Set(string name, string? value)
    {
        _before.TryAdd(name, Environment.GetEnvironmentVariable(name));
        Environment.SetEnvironmentVariable(name, value);
    }

    private Dictionary<string, string> Everything(ScriptResult result)
    {
        PSDataStreams streams = result.Streams;
        string[] kept = [.. Directory.EnumerateFiles(_session.Folder, "*", SearchOption.AllDirectories).Where(file => !IsPlanted(file))];
        return new()
        {
            ["output"] = Join(result.Output.SelectMany(item => item.Properties.Select(Read).Append($"{item}"))),
            ["$Error"] = Join(result.Texts.SkipWhile(line => line != "the errors:").Skip(1)),
            ["errors"] = Join(result.Errors.SelectMany(error => new[] { $"{error}", $"{error.ErrorDetails}", $"{error.CategoryInfo}", $"{error.TargetObject}" })),
            ["exceptions"] = Join(result.Errors.SelectMany(error => Chain(error.Exception)).Select(e => $"{e}\n{e.Message}")),
            ["data"] = Join(result.Errors.SelectMany(error => Chain(error.Exception)).SelectMany(e => e.Data.Cast<DictionaryEntry>())
                .Select(entry => $"{entry.Key}={entry.Value}")),
            ["warnings"] = Join(result.Warnings),
            ["verbose"] = Join(result.Verbose),
            ["debug"] = Join(streams.Debug.Select(record => record.Message)),
            ["information"] = Join(streams.Information.Select(record => $"{record} {record.MessageData} {record.Source}")),
            ["progress"] = Join(streams.Progress.Select(record => $"{record.Activity} {record.StatusDescription} {record.CurrentOperation}")),
            ["log"] = Join(kept.Where(file => file.EndsWith("workflow.log", StringComparison.Ordinal)).Select(File.ReadAllText)),
            ["report"] = Join(kept.Where(file => file.EndsWith(".html", StringComparison.Ordinal)).Select(File.ReadAllText)),
            ["stores"] = Join(kept.Select(file => $"{file}\n{File.ReadAllText(file)}")),
        };
    }

    private static bool IsPlanted(string file) =>
        Path.GetFileName(file) is "jwt" or "token.cfg" or "secret.cfg" or "say.sh" or "tracking.yaml";

    private static string Join(IEnumerable<string> texts) => string.Join('\n', texts);

    private static string Read(PSPropertyInfo property)
    {
        try
        {
            return $"{property.Name}={property.Value}";
        }
        catch (GetValueException e)
        {
            return e.ToString();
        }
    }

    private static IEnumerable<Exception> Chain(Exception? exception)
    {
        for (Exception? e = exception; e is not null; e = e.InnerException)
            yield return e;
    }
}
