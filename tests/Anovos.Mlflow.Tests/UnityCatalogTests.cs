using System.Collections;
using System.Management.Automation;
using System.Security.Cryptography;
using Anovos.Mlflow.TestServer;

namespace Anovos.Mlflow.Tests;

/// <summary>
/// Tests the registry of Unity Catalog, as a user types it. Its files are in an S3 bucket, with temporary credentials.
/// </summary>
public sealed class UnityCatalogTests : IAsyncLifetime
{
    private const string Register =
        """
        Connect-Mlflow databricks | Out-Null
        $run = Start-MlflowRun -Experiment /Shared/models
        $null = Send-MlflowArtifact model models
        $made = New-MlflowModelVersion main.ml.income models/model -Alias champion -Tag @{ checked = 'yes' } -Description first
        """;

    private static readonly string[] Names =
    [
        "DATABRICKS_HOST", "DATABRICKS_TOKEN", "DATABRICKS_CONFIG_FILE", "MLFLOW_HTTP_REQUEST_MAX_RETRIES", "MLFLOW_REGISTRY_URI",
        "MLFLOW_S3_ENDPOINT_URL", "MLFLOW_TRACKING_URI",
    ];

    private readonly ScriptSession _session = new();
    private readonly Dictionary<string, string?> _before = Names.ToDictionary(name => name, Environment.GetEnvironmentVariable);
    private readonly string _token = $"session-{Guid.NewGuid():N}";
    private FakeCloud _bucket = null!;
    private TrackingServer _server = null!;

    public async ValueTask InitializeAsync()
    {
        _bucket = await FakeCloud.StartS3Async("temporary-key", "temporary-secret", sessionToken: _token);
        object keys = new { access_key_id = "temporary-key", secret_access_key = "temporary-secret", session_token = _token };
        UnityCatalogOptions catalog = new()
        {
            Storage = ModelStorageKind.Bucket,
            Credentials = _ => new { aws_temp_credentials = keys },
        };
        _server = await TrackingServer.StartAsync(new() { Workspace = new() { UnityCatalog = catalog } });
        foreach (string name in Names)
            Environment.SetEnvironmentVariable(name, null);
        Environment.SetEnvironmentVariable("DATABRICKS_HOST", _server.Uri.ToString());
        Environment.SetEnvironmentVariable("DATABRICKS_TOKEN", "dapi-personal");
        Environment.SetEnvironmentVariable("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0");
        Environment.SetEnvironmentVariable("MLFLOW_S3_ENDPOINT_URL", _bucket.Uri.AbsoluteUri.TrimEnd('/'));
        _session.Write(
            "model/MLmodel",
            """
            flavors: {python_function: {loader_module: mlflow.sklearn}}
            signature: {inputs: '[{"type": "double", "name": "age"}]', outputs: '[{"type": "long"}]'}
            """);
        _session.Write("model/data/größe %.bin", "1234");
    }

    public async ValueTask DisposeAsync()
    {
        _session.Dispose();
        foreach ((string name, string? value) in _before)
            Environment.SetEnvironmentVariable(name, value);
        await _server.DisposeAsync();
        await _bucket.DisposeAsync();
    }

    [Fact]
    public void A_model_is_registered_found_copied_and_received()
    {
        ScriptResult result = _session.Run(
            Register + """

            "$made $($made.Status) $($made.Aliases) $($made.Tags.checked) $($made.Description) $($made.RunId -eq $run.RunId)"
            $model = Get-MlflowRegisteredModel main.ml.income
            "$model $($model.Aliases.champion) $($model.TrackingUri)"
            (Get-MlflowRegisteredModel main.*).Name
            $copy = $made | New-MlflowModelVersion prod.ml.income
            "$copy from $($copy.Source)"
            Set-MlflowModelVersion prod.ml.income 1 -Tag @{ stage = 'live' } -Description second
            $changed = Get-MlflowModelVersion prod.ml.income 1
            "$($changed.Tags.stage) $($changed.Description)"
            Set-MlflowRegisteredModel prod.ml.income -NewName prod.ml.income2 -Description whole
            (Get-MlflowModelVersion -ModelUri models:/prod.ml.income2/latest).ModelUri
            foreach ($uri in 'models:/main.ml.income@champion', 'models:/prod.ml.income2/1') {
                (Receive-MlflowModel $uri).Path
            }
            Remove-MlflowModelAlias main.ml.income champion -Confirm:$false
            Remove-MlflowModelVersion main.ml.income 1 -Confirm:$false
            Remove-MlflowRegisteredModel main.ml.income -Confirm:$false
            (Get-MlflowRegisteredModel).Name
            """).Clean();
        string[] folders = [Path.Combine(_session.Folder, "main.ml.income", "1"), Path.Combine(_session.Folder, "prod.ml.income2", "1")];
        Assert.Equal(
            [
                "models:/main.ml.income/1 READY champion yes first True",
                "main.ml.income 1 databricks",
                "main.ml.income",
                "models:/prod.ml.income/1 from models:/main.ml.income/1",
                "live second",
                "models:/prod.ml.income2/1",
                folders[0],
                folders[1],
                "prod.ml.income2",
            ],
            result.Texts);
        foreach (string file in new[] { "MLmodel", Path.Combine("data", "größe %.bin") })
        {
            byte[] sent = SHA256.HashData(File.ReadAllBytes(Path.Combine(_session.Folder, "model", file)));
            Assert.All(folders, folder => Assert.Equal(sent, SHA256.HashData(File.ReadAllBytes(Path.Combine(folder, file)))));
        }
    }

    [Theory]
    [InlineData("New-MlflowRegisteredModel ml.income", "InvalidValue", "main.ml.income")]
    [InlineData("New-MlflowRegisteredModel income", "InvalidValue", "main.default.income")]
    [InlineData("Get-MlflowModelVersion -ModelUri models:/ml.income@a", "InvalidValue", "main.ml.income")]
    [InlineData("Set-MlflowModelVersion main.ml.income 1 -Stage Production", "NotSupported",
        "Set-MlflowModelAlias main.ml.income production")]
    [InlineData("Get-MlflowModelVersion main.ml.income -Stage Production", "NotSupported",
        "Set-MlflowModelAlias main.ml.income production")]
    [InlineData("Get-MlflowModelVersion -ModelUri models:/main.ml.income/Staging", "NotSupported", "models:/main.ml.income@staging")]
    [InlineData("Get-MlflowRegisteredModel -Filter \"name LIKE 'a%'\"", "NotSupported", "wildcards")]
    public void What_Unity_Catalog_does_not_have_is_an_error_that_says_what_to_use(string command, string id, string advice)
    {
        ScriptResult result = _session.Run(
            $"{Register}\ntry {{ {command} -ErrorAction Stop }} catch {{ $_.FullyQualifiedErrorId.Split(',')[0]; $_.Exception.Message }}");
        Assert.Equal(id, result.Texts[0]);
        Assert.Contains(advice, result.Texts[1]);
    }

    [Fact]
    public async Task The_registry_is_named_by_parameter_variable_or_URI_beside_another_tracking_server()
    {
        await using TrackingServer tracking = await TrackingServer.StartAsync();
        string profiles = _session.Write(
            "databrickscfg", $"[DEFAULT]\nhost = https://nowhere.example.com\n[prod]\nhost = {_server.Uri}\ntoken = dapi-personal\n");
        ScriptResult result = _session.Run(
            """
            Connect-Mlflow $Uri | Out-Null
            $run = Start-MlflowRun
            $null = Send-MlflowArtifact model models
            (New-MlflowModelVersion main.ml.income models/model -RegistryUri databricks-uc).RunId -eq $run.RunId
            $env:MLFLOW_REGISTRY_URI = 'databricks-uc'
            (New-MlflowModelVersion main.ml.income models/model).ModelUri
            (New-MlflowModelVersion main.ml.income -ModelUri "runs:/$($run.RunId)/models/model").ModelUri
            $env:MLFLOW_REGISTRY_URI = $env:DATABRICKS_HOST = $env:DATABRICKS_TOKEN = $null
            $env:DATABRICKS_CONFIG_FILE = $Profiles
            (Get-MlflowModelVersion main.ml.income -RegistryUri databricks-uc://prod).Version
            (Receive-MlflowModel models://prod@databricks-uc/main.ml.income/1).Files
            (New-MlflowRegisteredModel income -RegistryUri databricks://prod).Name
            """,
            ("Uri", tracking.Uri.ToString()), ("Profiles", profiles)).Clean();
        Assert.Equal(
            ["True", "models:/main.ml.income/2", "models:/main.ml.income/3", "3", "2", "1", "2", "income"], result.Texts);
        Assert.Equal("income", Assert.Single(_server.Models).Name);
        Assert.Empty(tracking.Models);
    }

    [Fact]
    public async Task Models_are_copied_with_their_runs_to_another_workspace_and_not_twice()
    {
        await using TrackingServer other = await TrackingServer.StartAsync(new() { Workspace = new() { UnityCatalog = new() } });
        string profiles = _session.Write(
            "databrickscfg",
            $"[a]\nhost = {_server.Uri}\ntoken = dapi-personal\n[b]\nhost = {other.Uri}\ntoken = dapi-personal\n");
        ScriptResult result = _session.Run(
            Register + """

            $null = New-MlflowModelVersion main.ml.income models/model
            Stop-MlflowRun | Out-Null
            Disconnect-Mlflow
            $env:DATABRICKS_HOST = $env:DATABRICKS_TOKEN = $null
            $env:DATABRICKS_CONFIG_FILE = $Profiles
            $copy = { Copy-MlflowExperiment /Shared/models -TrackingUri databricks://a -Destination databricks://b -Model }
            & $copy | ForEach-Object { $_.Status }
            & $copy | ForEach-Object { $_.Status }
            Connect-Mlflow databricks://b | Out-Null
            $model = Get-MlflowRegisteredModel main.ml.income
            "$model $($model.Aliases.champion)"
            Get-MlflowModelVersion main.ml.income | ForEach-Object { "$($_.Version) $($_.Status)" }
            (Get-MlflowModelVersion main.ml.income 1).Tags.checked
            (Receive-MlflowModel models:/main.ml.income@champion).Path
            """,
            ("Profiles", profiles)).Clean();
        string[] texts = [.. result.Texts];
        Assert.Equal(
            ["main.ml.income 1", "2 READY", "1 READY", "yes", Path.Combine(_session.Folder, "main.ml.income", "1")], texts[^5..]);
        Assert.DoesNotContain("Failed", texts);
        Assert.DoesNotContain("Incomplete", texts);
        Assert.Equal(
            SHA256.HashData("1234"u8), SHA256.HashData(File.ReadAllBytes(Path.Combine(texts[^1], "data", "größe %.bin"))));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task The_profile_of_the_tracking_URI_holds_for_artifacts(bool servesFiles)
    {
        await using TrackingServer prod = await TrackingServer.StartAsync(
            new() { Workspace = new() { PersonalToken = "dapi-prod", ServesRunFiles = servesFiles } });
        string profiles = _session.Write(
            "databrickscfg",
            $"[DEFAULT]\nhost = {_server.Uri}\ntoken = dapi-personal\n[prod]\nhost = {prod.Uri}\ntoken = dapi-prod\n");
        Environment.SetEnvironmentVariable("DATABRICKS_HOST", null);
        Environment.SetEnvironmentVariable("DATABRICKS_TOKEN", null);
        Environment.SetEnvironmentVariable("DATABRICKS_CONFIG_FILE", profiles);
        ScriptResult result = _session.Run(
            """
            $null = Start-MlflowRun -TrackingUri databricks://prod -Experiment /Shared/a
            (Send-MlflowArtifact model models).Count
            @(Get-MlflowArtifact models -Recurse).Count
            (Receive-MlflowArtifact models -Destination back).Count
            Stop-MlflowRun | Out-Null
            $null = New-MlflowExperiment /Shared/volume -ArtifactLocation dbfs:/Volumes/main/ml/results -TrackingUri databricks://prod
            $null = Start-MlflowRun -TrackingUri databricks://prod -Experiment /Shared/volume
            (Send-MlflowArtifact model models).Count
            @(Get-MlflowArtifact models -Recurse).Count
            (Receive-MlflowArtifact models -Destination volume).Count
            Stop-MlflowRun | Out-Null
            """).Clean();
        Assert.Equal(["2", "4", "2", "2", "4", "2"], result.Texts);
        Assert.Empty(_server.Requests);
    }

    [Fact]
    public void No_stream_shows_a_temporary_credential()
    {
        _bucket.Faults.Add("GET", "*", (context, _) => Faults.Answer(
            403, $"<Error><Code>AccessDenied</Code><Message>no {_token} temporary-secret</Message></Error>", "application/xml")(context,
                () => Task.CompletedTask), times: 3);
        ScriptResult result = _session.Run(
            "$VerbosePreference = $DebugPreference = $InformationPreference = 'Continue'\n" + Register + """

            foreach ($command in
                { $made }, { Receive-MlflowModel models:/main.ml.income/1 }, { Receive-MlflowModel models:/main.ml.income/1 },
                { Get-MlflowRegisteredModel }, { New-MlflowModelVersion prod.ml.income -ModelUri models:/main.ml.income/1 -WhatIf }) {
                try { & $command } catch { $_; $_.Exception; $_.Exception.ToString(); $_.Exception.InnerException }
            }
            """);
        string[] all = [.. AllText(result)];
        Assert.Contains(all, text => text.Contains("AccessDenied") || text.Contains("no ***"));
        Assert.True(all.Length > 50);
        Assert.DoesNotContain(all, text => text.Contains(_token) || text.Contains("temporary-secret") || text.Contains("dapi-personal"));
    }

    private static IEnumerable<string> AllText(ScriptResult result)
    {
        IEnumerable<object?> all =
        [
            .. result.Output, .. result.Streams.Error, .. result.Streams.Warning, .. result.Streams.Verbose, .. result.Streams.Debug,
            .. result.Streams.Information, .. result.Streams.Progress,
        ];
        foreach (PSObject item in all.Where(item => item is not null).Select(PSObject.AsPSObject))
        {
            yield return item.ToString();
            foreach (PSPropertyInfo property in item.Properties.Where(property => property.IsGettable && property is not PSScriptProperty))
                yield return property.Value is IEnumerable and not string ? string.Join(' ', ((IEnumerable)property.Value).Cast<object>())
                    : $"{property.Value}";
        }

        foreach (ErrorRecord error in result.Errors)
            yield return error.Exception.ToString();
    }
}
