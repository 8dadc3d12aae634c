namespace Anovos.Mlflow.Tests;

/// <summary>Tests that commands without a store use the same one as MLflow: a database, or an existing folder.</summary>
public sealed class DefaultStoreTests : IDisposable
{
    private const string MakeFolder = "$null = Start-MlflowRun -TrackingUri ./mlruns -Experiment kept -Name old | Stop-MlflowRun";

    private readonly ScriptSession _session = new();

    public static TheoryData<string> Commands =>
    [
        "Get-MlflowConnection",
        "Test-MlflowConnection",
        "Connect-Mlflow",
        "Start-MlflowRun -Experiment new",
        "New-MlflowExperiment new | Out-Null; Get-MlflowConnection",
        "Import-AnovosConfig ./config.yaml | Start-MlflowRun",
    ];

    private string DatabaseUri => $"sqlite:///{Path.Combine(_session.Folder, "mlflow.db").Replace('\\', '/')}";

    public DefaultStoreTests() =>
        _session.Write(
            "config.yaml", "input_dataset:\n  read_dataset:\n    file_path: x\n    file_type: csv\nmlflow:\n  experiment: Flow\n");

    [Theory]
    [MemberData(nameof(Commands))]
    public void In_an_empty_folder_it_is_a_database(string command)
    {
        ScriptResult result = _session.Run($"$({command}).TrackingUri").Clean();
        Assert.Equal([DatabaseUri], result.Texts);
        Assert.DoesNotContain(result.Warnings, warning => warning.Contains("mlruns"));
    }

    [Theory]
    [MemberData(nameof(Commands))]
    public void A_folder_with_experiments_is_used_with_one_warning_in_a_session(string command)
    {
        Assert.Empty(_session.Run(MakeFolder).Clean().Warnings);
        ScriptResult result = _session.Run($"$({command}).TrackingUri; $null = Get-MlflowRun; $null = Get-MlflowExperiment").Clean();
        Assert.Equal([new Uri(Path.Combine(_session.Folder, "mlruns")).AbsoluteUri], result.Texts);
        Assert.Contains("Copy-MlflowExperiment * -TrackingUri ./mlruns -Destination sqlite:///mlflow.db -KeepId -Model", Assert.Single(result.Warnings));
    }

    [Theory]
    [InlineData("$null = Get-MlflowRun -TrackingUri ./mlruns")]
    [InlineData("$null = Get-MlflowRun -TrackingUri file:mlruns")]
    [InlineData("$null = Connect-Mlflow ./mlruns; $null = Get-MlflowRun")]
    [InlineData("$null = Import-AnovosConfig ./named.yaml | Start-MlflowRun; $null = Get-MlflowRun")]
    [InlineData("$env:MLFLOW_TRACKING_URI = './mlruns'; $null = Get-MlflowRun; $env:MLFLOW_TRACKING_URI = ''")]
    [InlineData("$null = Get-MlflowConnection ./mlruns | ForEach-Object { Get-MlflowRun -Connection $_ }")]
    public void A_folder_that_is_named_is_used_without_a_warning(string script)
    {
        _session.Write("named.yaml", File.ReadAllText(Path.Combine(_session.Folder, "config.yaml")) + "  tracking_uri: ./mlruns\n");
        _session.Run(MakeFolder).Clean();
        ScriptResult result = _session.Run($"{script}; (Get-MlflowRun -TrackingUri ./mlruns -Name old).RunName").Clean();
        Assert.Equal(["old"], result.Texts);
        Assert.Empty(result.Warnings);
    }

    [Fact]
    public void A_folder_comes_before_a_database_and_the_warning_names_the_database()
    {
        ScriptResult result = _session.Run(
            $"$null = Start-MlflowRun -Experiment kept -Name new | Stop-MlflowRun; {MakeFolder}; (Get-MlflowRun).RunName; "
            + "(Get-MlflowRun -TrackingUri sqlite:///mlflow.db).RunName").Clean();
        Assert.Equal(["old", "new"], result.Texts);
        Assert.Contains("-TrackingUri sqlite:///mlflow.db", Assert.Single(result.Warnings));
    }

    [Fact]
    public void Artifacts_of_the_database_do_not_make_the_folder_the_default()
    {
        _session.Write("data.txt", "some text");
        ScriptResult result = _session.Run(
            """
            $run = Start-MlflowRun
            $null = Send-MlflowArtifact ./data.txt
            (Stop-MlflowRun).TrackingUri
            (Get-MlflowRun).RunId -eq $run.RunId
            (Get-MlflowArtifact -RunId $run.RunId).ArtifactPath
            $run.ArtifactUri
            """).Clean();
        Assert.Equal([DatabaseUri, "True", "data.txt"], result.Texts.Take(3));
        string artifacts = Path.Combine(_session.Folder, "mlruns", "0");
        string recorded = OperatingSystem.IsWindows() ? new Uri(result.Texts[3]).LocalPath : result.Texts[3];
        Assert.StartsWith(artifacts, recorded);
        Assert.Single(Directory.GetFiles(artifacts, "data.txt", SearchOption.AllDirectories));
        Assert.Empty(result.Warnings);
    }

    [Theory]
    [InlineData("", "new")]
    [InlineData(MakeFolder, "kept")]
    public void Completion_uses_it_and_warns_of_nothing(string before, string expected)
    {
        ScriptResult result = _session.Run(
            $"""
            $null = New-MlflowExperiment new -TrackingUri sqlite:///mlflow.db
            {before}
            $line = 'Get-MlflowRun -Experiment '
            [System.Management.Automation.CommandCompletion]::CompleteInput($line, $line.Length, $null).CompletionMatches.CompletionText
            """).Clean();
        Assert.Contains($"'{expected}'", result.Texts);
        Assert.DoesNotContain(expected == "new" ? "'kept'" : "'new'", result.Texts);
        Assert.Empty(result.Warnings);
    }

    [Fact]
    public void Child_processes_get_the_absolute_URI()
    {
        ScriptResult result = _session.Run(
            """
            $null = Start-MlflowRun
            $env:MLFLOW_TRACKING_URI
            $null = [IO.Directory]::CreateDirectory("$PWD/below")
            $null = $ExecutionContext.SessionState.Path.SetLocation('./below')
            (Get-MlflowRun -TrackingUri $env:MLFLOW_TRACKING_URI).RunId -eq $env:MLFLOW_RUN_ID
            $null = Stop-MlflowRun
            "[$env:MLFLOW_TRACKING_URI]"
            $null = $ExecutionContext.SessionState.Path.SetLocation('..')
            """).Clean();
        Assert.Equal([DatabaseUri, "True", "[]"], result.Texts);
    }

    [Theory]
    [InlineData("sqlite:///work:/runs.db")]
    [InlineData("sqlite:///Work:\\runs.db")]
    [InlineData("sqlite:///Microsoft.PowerShell.Core\\FileSystem::$PWD/runs.db")]
    [InlineData("sqlite:///runs.db")]
    [InlineData("sqlite:///./a/../runs.db")]
    public void A_database_may_be_on_a_drive_of_PowerShell(string uri)
    {
        ScriptResult result = _session.Run(
            $"""
            $files = $ExecutionContext.SessionState.Provider.GetOne('FileSystem')
            $drive = [System.Management.Automation.PSDriveInfo]::new('work', $files, "$PWD", '', $null)
            $null = $ExecutionContext.SessionState.Drive.New($drive, 'global')
            (Get-MlflowConnection "{uri}").TrackingUri
            """).Clean();
        Assert.Equal([DatabaseUri.Replace("mlflow.db", "runs.db")], result.Texts);
    }

    [Fact]
    public void A_drive_that_has_no_files_has_no_database()
    {
        ScriptResult result = _session.Run(
            "try { Get-MlflowConnection sqlite:///Env:/x.db } catch { $_.FullyQualifiedErrorId.Split(',')[0] }");
        Assert.Equal(["UriUnsupported"], result.Texts);
    }

    public void Dispose()
    {
        _session.Dispose();
        Environment.SetEnvironmentVariable("MLFLOW_TRACKING_URI", null);
    }
}
