using System.Management.Automation;
using System.Security.Cryptography;
using Anovos.Mlflow.TestServer;
using Microsoft.AspNetCore.Http;

namespace Anovos.Mlflow.Tests;

/// <summary>Tests that runs are copied between any two stores, and that parts that are not copied are listed.</summary>
public sealed class CopyTests : IAsyncLifetime
{
    private const string Fill =
        """
        $sum = { param($values) $all = 0; $values | ForEach-Object { $all += $_ }; $all }
        $parent = Start-MlflowRun -TrackingUri ./mlruns -Experiment ours -Name parent
        Write-MlflowMetric loss 0.5 -Step 1
        Write-MlflowMetric loss 0.25 -Step 2
        Write-MlflowParameter lr 0.1
        Set-MlflowTag team ops
        $null = Send-MlflowArtifact ./data
        $child = Start-MlflowRun -TrackingUri ./mlruns -Experiment ours -Name child
        $null = Stop-MlflowRun Failed
        $null = Stop-MlflowRun
        $gone = Start-MlflowRun -TrackingUri ./mlruns -Experiment ours -Name gone | Stop-MlflowRun
        Remove-MlflowRun $gone.RunId -TrackingUri ./mlruns -Confirm:$false

        """;

    // Two runs with a version each, and a version without a run.
    private const string FillWithModels =
        """
        $first, $second = 'first', 'second' | ForEach-Object {
            $run = Start-MlflowRun -TrackingUri sqlite:///source.db -Experiment ours -Name $_
            $null = Send-MlflowArtifact ./data model
            $null = New-MlflowModelVersion income model -Alias $_ -TrackingUri sqlite:///source.db
            Stop-MlflowRun
        }
        $null = New-MlflowModelVersion income -Source s3://bucket/model -TrackingUri sqlite:///source.db
        $null = New-MlflowModelVersion other -Source s3://bucket/other -TrackingUri sqlite:///source.db

        """;

    private readonly Documentation.Terminal _window = new();
    private readonly ScriptSession _session;
    private TrackingServer _server = null!;
    private Fault _fault = (_, handle) => handle();

    public CopyTests() => _session = new ScriptSession(_window);

    [Theory]
    [InlineData("sqlite:///copy.db")]
    [InlineData("./copies")]
    [InlineData("$Uri")]
    public void An_experiment_is_copied_with_its_runs_once(string target)
    {
        ScriptResult result = Run(Fill +
            $"""
            $rows = Copy-MlflowExperiment ours -TrackingUri ./mlruns -Destination {target}
            $again = Copy-MlflowExperiment ours -TrackingUri ./mlruns -Destination {target}
            $runs = Get-MlflowRun -TrackingUri {target} -IncludeDeleted
            "$($rows.Status)"; "$(& $sum $rows.Points)"; "$(& $sum $rows.Artifacts)"
            "$($again.Status) $($again.Points) $($again.Artifacts)"
            "$($runs.Count) $(@($runs | Where-Object LifecycleStage -eq Deleted).RunName)"
            $copied = $runs | Where-Object RunName -eq parent
            "$((Get-MlflowMetric loss -Run $copied).Value) $($copied.Params['lr']) $($copied.Tags['team']) $($copied.EndTime -eq (Get-MlflowRun $parent.RunId -TrackingUri ./mlruns).EndTime)"
            "$(($runs | Where-Object RunName -eq child).Tags['mlflow.parentRunId'] -eq $copied.RunId) $(($runs | Where-Object RunName -eq child).Status)"
            "$((Get-MlflowArtifact -Run $copied -Recurse).ArtifactPath)"
            """).Clean();
        Assert.Equal(
            ["Synced Synced Synced", "2", "1", "Synced Synced Synced 0 0 0 0 0 0", "3 gone", "0.5 0.25 0.1 ops True", "True Failed"],
            result.Texts.Take(7));
        Assert.Contains("data.csv", result.Texts[7]);
    }

    [Fact]
    public void Runs_come_from_the_pipeline_into_an_experiment_of_another_name()
    {
        ScriptResult result = Run(Fill +
            """
            $rows = Get-MlflowRun -TrackingUri ./mlruns -Name parent | Copy-MlflowRun -Destination sqlite:///copy.db -ExperimentPath { "/Shared/$_" }
            $more = Get-MlflowRun -TrackingUri ./mlruns -Name parent | Copy-MlflowRun -Destination sqlite:///copy.db -ExperimentPath 'team/'
            $third = Copy-MlflowRun $parent.RunId -TrackingUri ./mlruns -Destination sqlite:///copy.db -DestinationExperiment best
            $fourth = Copy-MlflowRun $parent.RunId -TrackingUri ./mlruns -Destination sqlite:///copy.db -ExperimentPath '/Users/ada'
            "$([Linq.Enumerable]::Order([string[]](Get-MlflowExperiment -TrackingUri sqlite:///copy.db).Name))"
            "$($rows.Status) $($more.Status) $($third.Status) $($fourth.Status)"
            """).Clean();
        Assert.Equal(["/Shared/ours /Users/ada/ours best Default team/ours", "Synced Synced Synced Synced"], result.Texts);
    }

    [Fact]
    public void A_folder_goes_into_a_database_with_its_ids()
    {
        const string Copy = "Copy-MlflowExperiment * -TrackingUri ./mlruns -Destination sqlite:///copy.db -KeepId";
        ScriptResult result = Run(Fill +
            $"""
            $rows = {Copy}; $again = {Copy}
            "$($rows.TargetRunId -contains $parent.RunId) $($rows.TargetRunId -contains $child.RunId) $($rows.TargetRunId -contains $gone.RunId)"
            "$(& $sum $again.Points)"
            "$((Get-MlflowRun $child.RunId -TrackingUri sqlite:///copy.db).Tags['mlflow.parentRunId'] -eq $parent.RunId)"
            "$((Get-MlflowRun $gone.RunId -TrackingUri sqlite:///copy.db).LifecycleStage)"
            "$((Get-MlflowArtifact -RunId $parent.RunId -TrackingUri sqlite:///copy.db -Recurse).ArtifactPath)"
            """).Clean();
        Assert.Equal(["True True True", "0", "True", "Deleted"], result.Texts.Take(4));
        Assert.Contains("data.csv", result.Texts[^1]);
    }

    [Theory]
    [InlineData("$Uri", "1 file, 8 B")]
    [InlineData("./copies", "1 file, 8 B")]
    [InlineData("sqlite:///copy.db", "1 file, 8 B")]
    [InlineData("sqlite:///there/copy.db -KeepId", "1 file, 8 B")]
    [InlineData("sqlite:///copy.db -KeepId", "0 files, 0 B")]
    public void What_if_counts_and_changes_nothing(string target, string files)
    {
        string copy = $"Copy-MlflowExperiment ours -TrackingUri ./mlruns -Destination {target}";
        Run(Fill).Clean();
        string[] before = Snapshot();
        ScriptResult result = Run(copy + " -WhatIf").Clean();
        Assert.Empty(result.Output);
        Assert.Empty(result.Warnings);
        string shown = _window.Take();
        Assert.Contains($"3 runs (3 new) of {FolderUri}/mlruns to ", shown);
        Assert.Contains($": 2 points, {files} to send\"", shown);
        Assert.Equal(before, Snapshot());

        Run(copy).Clean();
        before = Snapshot();
        Run("$WhatIfPreference = $true; try { " + copy + " } finally { $WhatIfPreference = $false }").Clean();
        string again = _window.Take();
        Assert.Contains("3 runs (0 new)", again);
        Assert.Contains(": 0 points, 0 files, 0 B to send", again);
        Assert.Equal(before, Snapshot());
    }

    [Theory]
    [InlineData("$Uri", "")]
    [InlineData("sqlite:///copy.db", "-KeepId")]
    public void What_if_counts_versions_and_what_is_left_out(string target, string more)
    {
        string copy = $"Copy-MlflowExperiment ours -TrackingUri sqlite:///source.db -Destination {target} -Model {more}";
        Run(FillWithModels).Clean();
        string[] before = Snapshot();
        ScriptResult result = Run(copy + " -WhatIf").Clean();
        Assert.Empty(result.Output);
        Assert.Contains("Model income would not be complete at the target. Left out: ModelVersion 'models:/income/3'", Assert.Single(result.Warnings));
        Assert.Contains("2 new versions of 1 registered model, 1 part left out\"", _window.Take());
        Assert.Equal(before, Snapshot());

        Run(copy).Clean();
        before = Snapshot();
        Run(copy + " -WhatIf").Clean();
        string again = _window.Take();
        Assert.Contains("2 runs (0 new)", again);
        Assert.Contains("0 files, 0 B to send, 0 new versions of 1 registered model, 1 part left out", again);
        Assert.Equal(before, Snapshot());

    }

    [Fact]
    public void A_file_that_the_server_refuses_stops_neither_the_run_nor_the_others()
    {
        _fault = (context, handle) =>
        {
            if (!context.Request.Path.Value!.EndsWith("data.csv", StringComparison.Ordinal) || context.Request.Method != "PUT")
                return handle();
            context.Response.StatusCode = StatusCodes.Status413PayloadTooLarge;
            return Task.CompletedTask;
        };
        ScriptResult result = Run(Fill + "Copy-MlflowExperiment ours -TrackingUri ./mlruns -Destination $Uri -TagMissing");
        PSObject parent = result.Output.Single(row => (string)row.Properties["RunName"].Value == "parent");
        Assert.Equal("Incomplete", parent.Properties["Status"].Value);
        Assert.Contains("data.csv", parent.Properties["Missing"].Value.ToString() + string.Join(" ", (IEnumerable<object>)parent.Properties["Missing"].Value));
        Assert.Equal(2, result.Output.Count(row => (string)row.Properties["Status"].Value == "Synced"));
        StoredRun stored = _server.Runs.Single(run => run.Tags["mlflow.runName"] == "parent");
        Assert.Equal("FINISHED", stored.Status);
        Assert.Contains("data.csv", stored.Tags["anovos.mlflow.sync.missing"]);
        Assert.Equal("ops", stored.Tags["team"]);
    }

    [Theory]
    [InlineData("Copy-MlflowExperiment ours -TrackingUri ./mlruns -Destination $Uri")]
    [InlineData("Sync-MlflowRun ./mlruns -TrackingUri $Uri")]
    public void An_error_says_how_many_parts_are_missing_and_where_the_list_is(string command)
    {
        _fault = (context, handle) => context.Request.Method == "PUT" && context.Request.Path.Value!.Contains("/many/")
            ? Faults.Answer(413, "{}")(context, handle) : handle();
        foreach (int number in Enumerable.Range(1, 5))
            _session.Write($"many/{number}.txt", "x");
        ScriptResult result = Run(
            $"""
            $null = Start-MlflowRun -TrackingUri ./mlruns -Experiment ours
            $null = Send-MlflowArtifact ./many
            $null = Stop-MlflowRun
            {command}
            """);
        string error = Assert.Single(result.Errors).Exception.Message;
        Assert.Contains("413", error);
        Assert.StartsWith($"The copy of run {result.Single.RunId} is incomplete. ", error);
        Assert.EndsWith(" 4 more parts are missing: see Missing of its result.", error);
        Assert.Equal(5, ((IEnumerable<object>)result.Single.Missing).Count());
        Assert.Contains("; and 2 more, see Missing of the result.", (string)result.Single.Reason);
    }

    [Fact]
    public void Runs_of_an_experiment_that_cannot_be_used_share_one_error()
    {
        ScriptResult result = Run(Fill +
            """
            $runs = Get-MlflowRun -TrackingUri ./mlruns
            $runs | Copy-MlflowRun -Destination ./mlruns -DestinationExperiment ours
            """);
        Assert.Equal(["Failed", "Failed"], result.Output.Select(row => (string)row.Properties["Status"].Value));
        Assert.Contains("into itself", Assert.Single(result.Errors).Exception.Message);
    }

    [Theory]
    [InlineData("Copy-MlflowExperiment ours -TrackingUri ./mlruns", "InvalidValue", "-DestinationConnection")]
    [InlineData("Copy-MlflowExperiment ours -TrackingUri ./mlruns -Destination ./mlruns", "InvalidValue", "into itself")]
    [InlineData("Copy-MlflowExperiment ours, Default -TrackingUri ./mlruns -Destination ./mlruns", "InvalidValue", "into itself")]
    [InlineData("Get-MlflowRun -TrackingUri ./mlruns | Copy-MlflowRun -Destination ./mlruns", "InvalidValue", "into itself")]
    [InlineData("Copy-MlflowRun $child.RunId -TrackingUri ./mlruns -Destination ./mlruns -WhatIf", "InvalidValue", "into itself")]
    [InlineData("Copy-MlflowExperiment ours -TrackingUri ./mlruns -Destination postgresql://db/x", "UriUnsupported", "mlflow server")]
    [InlineData("Copy-MlflowExperiment ours -TrackingUri ./mlruns -Destination $Uri -ExperimentPath ''", "InvalidValue", "'/Shared'")]
    [InlineData("Copy-MlflowExperiment ours -TrackingUri ./mlruns -Destination $Uri -KeepId", "NotSupported", "-KeepId")]
    [InlineData("Copy-MlflowExperiment ours -TrackingUri ./mlruns -Destination $Uri -ExperimentPath 7", "InvalidValue", "script block")]
    [InlineData("Copy-MlflowExperiment ours -TrackingUri ./mlruns -Destination $Uri -ExperimentPath { throw 'no luck' }", "InvalidValue", "no luck")]
    [InlineData("Copy-MlflowExperiment ours -TrackingUri ./mlruns -Destination $Uri -ExperimentPath { }", "InvalidValue", "values for the experiment 'ours', not one name")]
    [InlineData("Copy-MlflowExperiment ours -TrackingUri ./mlruns -Destination $Uri -ExperimentPath x -DestinationExperiment y", "InvalidValue", "Use only one of them")]
    public void What_cannot_be_copied_says_why(string command, string id, string text)
    {
        Run(Fill).Clean();
        ScriptResult result = Run(command);
        Assert.Empty(result.Output);
        ErrorRecord error = Assert.Single(result.Errors);
        Assert.StartsWith(id, error.FullyQualifiedErrorId);
        Assert.Contains(text, error.Exception.Message);
    }

    [Theory]
    [InlineData("Copy-MlflowRun $second.RunId", "1 second", "income: income/1 income/3 income@first")]
    [InlineData("Get-MlflowRun -TrackingUri sqlite:///source.db -Name second | Copy-MlflowRun", "1 second", "income: income/1 income/3 income@first")]
    [InlineData("Copy-MlflowExperiment ours", "1 2 first second", "income: income/3")]
    [InlineData("Copy-MlflowExperiment ours -Filter \"attributes.run_name = 'first'\"", "1 first", "income: income/2 income/3 income@second")]
    [InlineData("Copy-MlflowExperiment *", "1 2 3 first second", "income: | other:")]
    public void Versions_of_copied_runs_are_copied_and_the_others_are_listed(string command, string there, string missing)
    {
        ScriptResult result = Run(FillWithModels +
            $$"""
            $sort = { param($texts) $all = [string[]]@($texts); [Array]::Sort($all, [StringComparer]::Ordinal); $all -join ' ' }
            $PSDefaultParameterValues['Copy-*:TrackingUri'] = 'sqlite:///source.db'
            $rows = {{command}} -Destination $Uri -Model | Where-Object { $_.PSObject.TypeNames -match 'ModelResult' }
            $again = {{command}} -Destination $Uri -Model | Where-Object { $_.PSObject.TypeNames -match 'ModelResult' }
            $PSDefaultParameterValues.Clear()
            $income = Get-MlflowRegisteredModel income -TrackingUri $Uri
            "$(& $sort (Get-MlflowModelVersion income -TrackingUri $Uri).Version) $(& $sort $income.Aliases.Keys)"
            ($rows | ForEach-Object { "$($_.Name): $(& $sort ($_.Missing.Name -replace 'models:/'))".Trim() }) -join ' | '
            "$($again.Versions) $($again.Aliases)"
            (Get-MlflowModelVersion income 1 -TrackingUri $Uri).RunId -in (Get-MlflowRun -TrackingUri $Uri).RunId
            """).Clean();
        string nothing = string.Join(" ", Enumerable.Repeat("0", missing.Contains('|') ? 2 : 1));
        Assert.Equal([there, missing, $"{nothing} {nothing}", "True"], result.Texts);
    }

    [Theory]
    [InlineData("Copy-MlflowRun $first.RunId")]
    [InlineData("Copy-MlflowExperiment ours")]
    [InlineData("Copy-MlflowExperiment * -KeepId")]
    public void A_folder_as_the_target_of_models_is_an_error_before_anything_is_copied(string command)
    {
        ScriptResult result = Run(FillWithModels + $"{command} -TrackingUri sqlite:///source.db -Destination ./copies -Model");
        Assert.Empty(result.Output);
        Assert.StartsWith("NotSupported", Assert.Single(result.Errors).FullyQualifiedErrorId);
        Assert.Contains("without -Model", result.Errors[0].Exception.Message);
        Assert.False(Directory.Exists(Path.Combine(_session.Folder, "copies")));
    }

    [Fact]
    public void A_deleted_experiment_at_the_target_is_an_error_that_Restore_lifts()
    {
        ScriptResult result = Run(Fill +
            """
            $null = New-MlflowExperiment ours -TrackingUri $Uri
            Remove-MlflowExperiment ours -TrackingUri $Uri -Confirm:$false
            Copy-MlflowExperiment ours -TrackingUri ./mlruns -Destination $Uri
            (Copy-MlflowExperiment ours -TrackingUri ./mlruns -Destination $Uri -Restore).Status
            """);
        Assert.StartsWith("ExperimentDeleted", Assert.Single(result.Errors).FullyQualifiedErrorId);
        Assert.Equal(["Synced", "Synced", "Synced"], result.Texts);
    }

    [Theory]
    [InlineData("Copy-MlflowExperiment ours -TrackingUri ./mlruns -Destination $Uri")]
    [InlineData("Sync-MlflowRun ./mlruns -TrackingUri $Uri")]
    public async Task Retries_show_whether_the_server_or_a_bucket_waits(string command)
    {
        await using FakeCloud cloud = await CloudStores.StartFakeAsync("s3");
        Dictionary<string, string> environment = CloudStores.Environment("s3", cloud.Uri);
        environment["MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR"] = environment["MLFLOW_HTTP_REQUEST_BACKOFF_JITTER"] = "0";
        foreach ((string name, string value) in environment)
            Environment.SetEnvironmentVariable(name, value);
        try
        {
            Run("""
                $null = New-MlflowExperiment ours -ArtifactLocation s3://artifacts/ours -TrackingUri ./mlruns
                $null = Start-MlflowRun -Experiment ours -TrackingUri ./mlruns
                Write-MlflowParameter lr 1
                $null = Send-MlflowArtifact ./data
                $null = Stop-MlflowRun
                """).Clean();
            cloud.Faults.Add("GET", "*", Faults.Unavailable(0), times: 3);
            int tries = 0;
            _fault = (context, handle) => context.Request.Path.Value!.EndsWith("/log-batch", StringComparison.Ordinal) && tries++ < 3
                ? Faults.Answer(429, "{}")(context, handle) : handle();
            ScriptResult result = Run($"({command} -Verbose).Status").Clean();
            Assert.Equal(["Synced"], result.Texts);
            Assert.Contains(result.Verbose, line => line.Contains("429") && line.Contains("Trying again"));
            Assert.Contains(result.Verbose, line => line.StartsWith("s3://artifacts") && line.Contains("Trying again"));
            Assert.Contains(result.Warnings, line => line.Contains("429") && line.Contains("(3 of "));
            Assert.Contains(result.Warnings, line => line.StartsWith("s3://artifacts") && line.Contains("(3 of "));
        }
        finally
        {
            foreach (string name in environment.Keys)
                Environment.SetEnvironmentVariable(name, null);
        }
    }

    [Theory]
    [InlineData("Copy-MlflowExperiment ours -Connection $here -DestinationConnection $there")]
    [InlineData("Copy-MlflowExperiment ours -TrackingUri $A -Destination $B")]
    [InlineData("Get-MlflowExperiment ours -TrackingUri $A | Copy-MlflowExperiment -Destination $B")]
    [InlineData("Get-MlflowRun -TrackingUri $A | Copy-MlflowRun -Destination $B")]
    [InlineData("Get-MlflowRun -TrackingUri $A | Copy-MlflowRun -Destination $B -Connection $here")]
    public async Task Each_server_gets_its_own_credentials_only(string command)
    {
        await using TrackingServer here = await TrackingServer.StartAsync(new() { Token = "here-secret" });
        await using TrackingServer there = await TrackingServer.StartAsync(new() { Token = "there-secret" });
        ScriptResult result = Run(
            $$"""
            $A = '{{here.Uri}}'; $B = '{{there.Uri}}'
            $here = Connect-Mlflow $A -Token ([Net.NetworkCredential]::new('', 'here-secret').SecurePassword)
            $there = Connect-Mlflow $B -Token ([Net.NetworkCredential]::new('', 'there-secret').SecurePassword)
            $null = Start-MlflowRun -TrackingUri $A -Experiment ours
            Write-MlflowMetric loss 0.5
            $null = Send-MlflowArtifact ./data
            $null = Stop-MlflowRun
            $env:MLFLOW_TRACKING_TOKEN = 'of-another'
            try { ({{command}}).Status } finally { $env:MLFLOW_TRACKING_TOKEN = $null }
            Disconnect-Mlflow
            (Get-MlflowConnection $A).Authentication
            """).Clean();
        Assert.Equal(["Synced", "None"], result.Texts);
        Assert.Equal(["Bearer here-secret"], AuthorizationsOf(here));
        Assert.Equal(["Bearer there-secret"], AuthorizationsOf(there));
    }

    [Theory]
    [InlineData("$A", "Bearer of-one", "")]
    [InlineData("$B/path", "", "Bearer of-one")]
    [InlineData("$null", "", "")]
    [InlineData("./mlruns", "", "")]
    [InlineData("postgresql://db/mlflow", "", "")]
    public async Task Credentials_of_the_environment_go_to_the_server_that_it_names(string named, string here, string there)
    {
        await using TrackingServer source = await TrackingServer.StartAsync();
        await using TrackingServer target = await TrackingServer.StartAsync();
        ScriptResult result = Run(
            $$"""
            $A = '{{source.Uri}}'.TrimEnd('/'); $B = '{{target.Uri}}'.TrimEnd('/')
            $null = Start-MlflowRun -TrackingUri $A -Experiment ours
            $null = Send-MlflowArtifact ./data
            $null = Stop-MlflowRun
            'mark'
            $env:MLFLOW_TRACKING_TOKEN = 'of-one'
            $env:MLFLOW_TRACKING_URI = {{(named.StartsWith('$') ? $"\"{named}\"" : $"'{named}'")}}
            try {
                (Copy-MlflowExperiment ours -TrackingUri $A -Destination $B).Status
                (Copy-MlflowExperiment ours -Connection (Get-MlflowConnection $A) -DestinationConnection (Get-MlflowConnection $B)).Status
            } finally { $env:MLFLOW_TRACKING_TOKEN = $env:MLFLOW_TRACKING_URI = $null }
            """).Clean();
        Assert.Equal(["mark", "Synced", "Synced"], result.Texts);
        Assert.Equal([here], AuthorizationsOf(source).Except(here.Length > 0 ? [""] : []));
        Assert.Equal([there], AuthorizationsOf(target));
        Assert.Equal(here.Length + there.Length == 0, result.Warnings.Any(warning => warning.Contains("MLFLOW_TRACKING_TOKEN")));
    }

    [Fact]
    public async Task Credentials_of_the_environment_go_to_the_only_server_unless_another_one_is_named()
    {
        await using TrackingServer server = await TrackingServer.StartAsync();
        Run(Fill).Clean();
        const string Copy =
            """
            $env:MLFLOW_TRACKING_TOKEN = 'of-one'
            try { (Copy-MlflowRun $parent.RunId -TrackingUri ./mlruns -Destination $B).Status; (Sync-MlflowRun -TrackingUri $B).Status }
            finally { $env:MLFLOW_TRACKING_TOKEN = $env:MLFLOW_TRACKING_URI = $null }
            """;
        Assert.Equal(["Synced", "Synced", "Synced"], Run($"$B = '{server.Uri}'\n{Copy}").Clean().Texts);
        Assert.Equal(["Bearer of-one"], AuthorizationsOf(server));

        await using TrackingServer other = await TrackingServer.StartAsync();
        Run($"$B = '{other.Uri}'; $env:MLFLOW_TRACKING_URI = $Uri\n{Copy}").Clean();
        Assert.Equal([""], AuthorizationsOf(other));
    }

    [Theory]
    [InlineData("$null", "", "")]
    [InlineData("$A", "Bearer of-one", "")]
    public async Task Offline_runs_for_two_servers_do_not_bring_both_the_same_credentials(string named, string here, string there)
    {
        await using TrackingServer one = await TrackingServer.StartAsync();
        await using TrackingServer two = await TrackingServer.StartAsync();
        ScriptResult result = Run(
            $$"""
            $A = '{{one.Uri}}'; $B = '{{two.Uri}}'
            $null = $A, $B | ForEach-Object { Start-MlflowRun -TrackingUri $_ -Offline -Experiment ours | Stop-MlflowRun }
            $env:MLFLOW_TRACKING_TOKEN = 'of-one'; $env:MLFLOW_TRACKING_URI = {{named}}
            try { (Sync-MlflowRun).Status } finally { $env:MLFLOW_TRACKING_TOKEN = $env:MLFLOW_TRACKING_URI = $null }
            """).Clean();
        Assert.Equal(["Synced", "Synced"], result.Texts);
        Assert.Equal([here], AuthorizationsOf(one));
        Assert.Equal([there], AuthorizationsOf(two));
    }

    private static IEnumerable<string> AuthorizationsOf(TrackingServer server) =>
        server.Requests.Select(request => request.Headers.GetValueOrDefault("Authorization", "")).Distinct();

    public async ValueTask InitializeAsync()
    {
        _session.Write("data/data.csv", "a,b\n1,2\n");
        _server = await TrackingServer.StartAsync(new TrackingServerOptions());
        _server.Faults.Add("*", "*", (context, handle) => _fault(context, handle), times: int.MaxValue);
    }

    public async ValueTask DisposeAsync()
    {
        _session.Dispose();
        await _server.DisposeAsync();
    }

    private string FolderUri => new Uri(_session.Folder).AbsoluteUri;

    // Every file with its content, and the records of the server.
    private string[] Snapshot() =>
    [
        .. Directory.EnumerateFiles(_session.Folder, "*", SearchOption.AllDirectories).Order(StringComparer.Ordinal)
            .Select(path => $"{path} {Convert.ToHexString(SHA256.HashData(File.ReadAllBytes(path)))}"),
        .. _server.Experiments.Select(experiment => $"{experiment.Name} {experiment.Tags.Count}"),
        .. _server.Runs.Select(run => $"{run.RunId} {run.Tags.Count} {run.Status}"),
        .. _server.Models.Select(model => model.Name),
        .. _server.Artifacts.Keys,
    ];

    private ScriptResult Run(string script) => _session.Run($"$Uri = '{_server.Uri}'\n{script}");
}
