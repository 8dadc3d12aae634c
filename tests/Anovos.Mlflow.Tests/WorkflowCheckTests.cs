using System.Management.Automation;

namespace Anovos.Mlflow.Tests;

/// <summary>Tests the check of a workflow file, by hand and before a workflow runs.</summary>
public sealed class WorkflowCheckTests : IDisposable
{
    private const string Sound = """
        input_dataset:
          read_dataset:
            file_path: data/customers
            file_type: csv
            file_configs: {header: True}
        stats_generator:
          metric: [global_summary]
          metric_args: {list_of_cols: id|age}
        write_main:
          file_path: output
          file_type: csv
          file_configs: {mode: overwrite}
        write_stats:
          file_path: stats
          file_type: csv
          file_configs: {mode: overwrite}

        """;

    private readonly ScriptSession _session = new();

    public WorkflowCheckTests() => _session.Write("data/customers/part-0.csv", "id,age\n1,38\n");

    [Fact]
    public void A_finding_has_its_rule_its_effect_and_its_advice()
    {
        _session.Write("config.yaml", Sound.Replace("metric_args:", "metric_arg:"));
        ScriptResult result = _session.Run(
            """
            Test-AnovosConfig ./config.yaml | ForEach-Object { "$($_.Line) $($_.Rule) $($_.Effect) $($_.Advice)" }
            """).Clean();
        Assert.Equal(
            [
                "6 key-missing Anovos stops at it: TypeError: argument after ** must be a mapping, not NoneType. Add "
                    + "'metric_args': arguments of all metrics.",
                "8 key-unknown Anovos ignores it. Write 'metric_args'.",
            ],
            result.Texts);
    }

    [Fact]
    public void Columns_are_compared_with_the_data_below_the_base_path_unless_it_is_to_be_left_alone()
    {
        _session.Write("config.yaml", Sound.Replace("id|age", "id|aeg"));
        ScriptResult result = _session.Run(
            """
            'none', (Test-AnovosConfig ./config.yaml).Rule
            'data', (Test-AnovosConfig ./config.yaml -BasePath .).Rule
            'left', (Test-AnovosConfig ./config.yaml -BasePath . -NoData).Rule
            'quiet', (Test-AnovosConfig ./config.yaml -Quiet), (Test-AnovosConfig ./config.yaml -Quiet -BasePath .)
            """).Clean();
        Assert.Equal(["none", "data", "column-unknown", "left", "quiet", "True", "False"], result.Texts.Where(text => text.Length > 0));
    }

    [Fact]
    public void A_run_type_leaves_out_the_faults_of_others()
    {
        _session.Write("config.yaml", Sound + "report_preprocessing: {master_path: report_stats}\n"
            + "mlflow: {experiment: x, tracking_uri: ./store, track_output: True, track_reports: True, track_intermediates: False}\n");
        ScriptResult result = _session.Run(
            """
            foreach ($type in 'local', 'databricks', 'emr', 'ak8s') {
                "$type $(Test-AnovosConfig ./config.yaml -RunType $type -Quiet)"
            }
            """).Clean();
        Assert.Equal(["local False", "databricks False", "emr True", "ak8s True"], result.Texts);
    }

    [Theory]
    [InlineData("id|aeg", "column 'aeg'")]
    [InlineData("'id|age', treatment: 1", "no argument 'treatment'")]
    public void An_error_stops_a_workflow_before_there_is_a_run_and_can_be_passed_over(string arguments, string named)
    {
        Assert.SkipWhen(InvokeWorkflowTests.Python is null, "there is no python3 in PATH");
        _session.Write("config.yaml", Sound.Replace("id|age", arguments) + "mlflow: {experiment: x, tracking_uri: ./store, "
            + "track_output: True, track_reports: False, track_intermediates: False}\n");
        ScriptResult result = _session.Run("Import-AnovosConfig ./config.yaml | Invoke-AnovosWorkflow python3 '-c' 'pass'");
        ErrorRecord error = Assert.Single(result.Errors);
        Assert.Equal("ConfigInvalid", error.FullyQualifiedErrorId.Split(',')[0]);
        Assert.Contains(named, error.ToString());
        Assert.Contains("-SkipCheck", error.ToString());
        Assert.False(Directory.Exists(Path.Combine(_session.Folder, "store")));

        ScriptResult skipped = _session.Run("(Import-AnovosConfig ./config.yaml | Invoke-AnovosWorkflow python3 '-c' 'pass' "
            + "-SkipCheck).Status").Clean();
        Assert.Equal(["Finished"], skipped.Texts);
    }

    [Fact]
    public void In_a_build_findings_are_issues_with_file_and_line()
    {
        _session.Write("config.yaml", Sound.Replace("id|age", "id|age, drop_col: []").Replace("file_path: output",
            "file_path: output\n  file_tpe: csv"));
        ScriptResult result = _session.Run(
            """
            $env:TF_BUILD = 'True'; $env:AGENT_TEMPDIRECTORY = $PWD.Path; $env:BUILD_BUILDID = '1'
            try { $null = Test-AnovosConfig ./config.yaml }
            finally { $env:TF_BUILD = $null; $env:AGENT_TEMPDIRECTORY = $null; $env:BUILD_BUILDID = $null }
            """).Clean();
        string path = Path.Combine(_session.Folder, "config.yaml");
        string[] issues = [.. result.Streams.Information.Select(record => record.MessageData.ToString()!).Where(text =>
            text.Contains("logissue"))];
        Assert.Equal(2, issues.Length);
        Assert.StartsWith($"##vso[task.logissue type=error;sourcepath={path};linenumber=8;columnnumber=39;code=key-unknown;]", issues[0]);
        Assert.StartsWith($"##vso[task.logissue type=error;sourcepath={path};linenumber=11;columnnumber=3;code=key-unknown;]", issues[1]);
    }

    public void Dispose() => _session.Dispose();
}
