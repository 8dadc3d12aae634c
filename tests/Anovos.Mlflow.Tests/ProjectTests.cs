using System.Management.Automation;
using System.Text.Json;
using PowerShellPipeline = System.Management.Automation.PowerShell;

namespace Anovos.Mlflow.Tests;

/// <summary>Tests MLflow projects as a user types the command; where MLflow is installed, compares with <c>mlflow run</c>.</summary>
public sealed class ProjectTests : IDisposable
{
    private const string Project =
        """
        name: demo
        entry_points:
          main:
            parameters:
              config: path
              run_type: {type: string, default: local}
              alpha: {type: float, default: 0.5}
              source: {type: uri, default: "https://example.com/data"}
              flag: {default: yes}
              parts: {default: [a, 1, true, ~, 1.0, "it's", {b: 2024-01-02}]}
            command: "python3 job.py {config} {run_type} --alpha {alpha} '{{x}}'"
          other:
            command: "python3 job.py && true"
          failing:
            command: "python3 -c 'import sys; sys.exit(5)'"
          hanging:
            command: "python3 -c 'import time; open(\"started\", \"w\").close(); time.sleep(600)'"
        """;

    // Joins the run like any MLflow program, and reports its arguments and environment.
    private const string Job = "import json, os, sys\njson.dump({'arguments': sys.argv[1:], 'run': os.environ.get('MLFLOW_RUN_ID'), 'here': os.path.exists('MLproject')}, open(os.environ['ANOVOS_TEST_OUT'], 'w'))\nprint('told')\n";

    private readonly ScriptSession _session = new();

    public ProjectTests()
    {
        Assert.SkipWhen(InvokeWorkflowTests.Python is null, "there is no python3 in PATH");
        _session.Write("demo/MLproject", Project);
        _session.Write("demo/job.py", Job);
        _session.Write("a b.yaml", "x: 1");
        Environment.SetEnvironmentVariable("ANOVOS_TEST_OUT", Path.Combine(_session.Folder, "out.json"));
    }

    public void Dispose()
    {
        Environment.SetEnvironmentVariable("ANOVOS_TEST_OUT", null);
        _session.Dispose();
    }

    [Fact]
    public void An_entry_point_runs_in_its_folder_with_its_parameters_and_joins_the_run()
    {
        ScriptResult result = Run("Invoke-MlflowProject demo -Parameter ([ordered]@{ config = 'a b.yaml'; alpha = 1.25; extra = \"it's; rm -rf x\" }) -Name mine; \"code $LASTEXITCODE\"").Clean();
        dynamic run = result.Output[0];
        Assert.Equal(("Finished", "code 0", "mine"), ((string)run.Status.ToString(), result.Texts[^1], (string)run.RunName));
        JsonElement told = Told();
        Assert.Equal([Path.Combine(_session.Folder, "a b.yaml"), "local", "--alpha", "1.25", "{x}", "--extra", "it's; rm -rf x"], told.GetProperty("arguments").EnumerateArray().Select(item => item.GetString()));
        Assert.Equal(((string)run.RunId, true), (told.GetProperty("run").GetString(), told.GetProperty("here").GetBoolean()));
        Assert.Contains(result.Streams.Information, record => record.ToString() == "told");
        Assert.Null(Environment.GetEnvironmentVariable("MLFLOW_RUN_ID"));
    }

    [Theory]
    [InlineData("Invoke-MlflowProject demo", "'config'")]
    [InlineData("Invoke-MlflowProject demo -Parameter @{ config = 'nothing.yaml' }", "nothing.yaml")]
    [InlineData("Invoke-MlflowProject demo -Parameter @{ config = 's3://bucket/x' }", "a URI is not downloaded")]
    [InlineData("Invoke-MlflowProject demo -Parameter @{ config = 'a b.yaml'; alpha = 'much' }", "number")]
    [InlineData("Invoke-MlflowProject demo -Parameter @{ config = 'a b.yaml'; source = 'plain' }", "URI")]
    [InlineData("Invoke-MlflowProject demo other", "'&'")]
    [InlineData("Invoke-MlflowProject demo nobody", "'main', 'other'")]
    [InlineData("Invoke-MlflowProject demo#../x", "..")]
    [InlineData("Invoke-MlflowProject nowhere", "git")]
    [InlineData("Invoke-MlflowProject '--upload-pack=x' -Version main", "is not a repository or a version of one")]
    [InlineData("Invoke-MlflowProject broken", "databricks_spark_job")]
    public void What_cannot_run_starts_no_run(string script, string said)
    {
        _session.Write("broken/MLproject", "databricks_spark_job: {python_file: x.py}");
        Assert.Contains(said, Assert.Single(Run(script).Errors).ToString());
        Assert.False(Directory.Exists(Path.Combine(_session.Folder, "mlruns", "0")));
        Assert.False(File.Exists(Path.Combine(_session.Folder, "out.json")));
    }

    [Fact]
    public void An_entry_point_that_fails_is_a_failed_run_and_an_error()
    {
        ScriptResult result = Run("Invoke-MlflowProject demo failing; \"code $LASTEXITCODE\"");
        Assert.Equal(("Failed", "code 5"), ((string)((dynamic)result.Output[0]).Status.ToString(), result.Texts[^1]));
        Assert.Contains("exit code 5", Assert.Single(result.Errors).ToString());
    }

    [Fact]
    public async Task Stopping_ends_the_program_and_the_run_is_killed()
    {
        using PowerShellPipeline pipeline = _session.Create("Invoke-MlflowProject demo hanging");
        IAsyncResult running = pipeline.BeginInvoke();
        while (!running.IsCompleted && !File.Exists(Path.Combine(_session.Folder, "demo", "started")))
            await Task.Delay(50, TestContext.Current.CancellationToken);
        pipeline.Stop();
        Assert.Throws<PipelineStoppedException>(() => pipeline.EndInvoke(running));
        Assert.Equal("Killed", (string)_session.Run("Get-MlflowRun").Single.Status.ToString());
    }

    [Fact]
    public void A_git_uri_is_fetched_at_its_version_and_its_commit_is_recorded()
    {
        string commit = MakeRepository();
        ScriptResult result = Run("Invoke-MlflowProject \"file://$PWD/bare.git#demo\" -Version v1 -Parameter @{ config = 'a b.yaml' }").Clean();
        dynamic run = result.Single;
        IDictionary<string, string> tags = Tags(run);
        Assert.Equal((commit, "PROJECT", "main", "local"), (tags["mlflow.source.git.commit"], tags["mlflow.source.type"], tags["mlflow.project.entryPoint"], tags["mlflow.project.backend"]));
        Assert.EndsWith("/bare.git#demo", tags["mlflow.source.name"]);
        Assert.EndsWith("/bare.git", tags["mlflow.source.git.repoURL"]);
        Assert.False(tags.ContainsKey("mlflow.source.git.branch"));
        Assert.True(Told().GetProperty("here").GetBoolean());

        Assert.Equal("side", Tags(Run("Invoke-MlflowProject ./bare.git#demo -Version side -Parameter @{ config = 'a b.yaml' }").Clean().Single)["mlflow.source.git.branch"]);
        Assert.Contains("no-such", Assert.Single(Run("Invoke-MlflowProject ./bare.git#demo -Version no-such -Parameter @{ config = 'a b.yaml' }").Errors).ToString());
        Assert.Contains("'nowhere'", Assert.Single(Run("Invoke-MlflowProject ./bare.git#nowhere").Errors).ToString());
        Assert.Empty(Directory.GetDirectories(Path.GetTempPath(), "anovos-mlflow-project-*"));
    }

    [Fact]
    public void A_script_is_an_entry_point_too_and_an_environment_is_not_made()
    {
        _session.Write("demo/MLproject", Project + "\npython_env: python_env.yaml\n");
        _session.Write("demo/python_env.yaml", "python: '3.11'");
        _session.Write("demo/x.sh", "echo \"said $1 $2\"");
        ScriptResult result = Run("Invoke-MlflowProject demo x.sh -Parameter @{ who = 'a  b' }").Clean();
        Assert.Contains(result.Streams.Information, record => record.ToString() == "said --who a  b");
        Assert.Contains("python_env", Assert.Single(result.Warnings));
    }

    [Theory]
    [InlineData("010", "8")]
    [InlineData("1_000", "1000")]
    [InlineData("12:30", "750")]
    [InlineData("0x1F", "31")]
    [InlineData("1.50", "1.5")]
    [InlineData("1.0e-7", "1e-07")]
    [InlineData(".inf", "inf")]
    [InlineData("-.inf", "-inf")]
    [InlineData("'010'", "010")]
    [InlineData("'+Infinity'", "+Infinity")]
    public void A_default_is_what_YAML_means_by_it(string yaml, string expected)
    {
        _session.Write("demo/MLproject", $$"""
            entry_points:
              main:
                parameters:
                  number: {type: float, default: {{yaml}}}
                  other: {default: {{yaml}}}
                command: "python3 job.py {number} {other}"
            """);
        IReadOnlyDictionary<string, string> recorded = Run("Invoke-MlflowProject demo").Clean().Single.Params;
        Assert.Equal([expected, expected], Arguments());
        Assert.Equal((expected, expected), (recorded["number"], recorded["other"]));
    }

    // The values that mlflow run of MLflow 3.11 fills in and records.
    [Theory]
    [InlineData("[a, 1, true, null, 1.0]", "['a', 1, True, None, 1.0]")]
    [InlineData("{a: 1, 2: b, true: x, ~: y, 1.5: [z, {q: null}], 2024-01-02: d}",
        "{'a': 1, 2: 'b', True: 'x', None: 'y', 1.5: ['z', {'q': None}], datetime.date(2024, 1, 2): 'd'}")]
    [InlineData("""["it's", 'a"b', "b'\"c", "\n\t\\", 010, 1_000, 12:30, 1e3, 1.0e+16, .inf, -.inf, .nan, "", yes, 0x1F, -0.0]""",
        """["it's", 'a"b', 'b\'"c', '\n\t\\', 8, 1000, 750, '1e3', 1e+16, inf, -inf, nan, '', True, 31, -0.0]""")]
    [InlineData("""["é世😀", "\x01\x7f\u00a0\u200b\ud7ff\U0001F9FF\U000E0001", !!binary "aGk=", !!binary "AP8n"]""",
        """['é世😀', '\x01\x7f\xa0\u200b\ud7ff🧿\U000e0001', b'hi', b"\x00\xff'"]""")]
    [InlineData(
        "[2024-01-02 03:04:05, 2024-01-02T03:04:05.5Z, 2024-01-02 03:04:05 +02:00, 2024-01-02 03:04:00 -02:30, 2024-01-02 03:04:00.25]",
        "[datetime.datetime(2024, 1, 2, 3, 4, 5), datetime.datetime(2024, 1, 2, 3, 4, 5, 500000, tzinfo=datetime.timezone.utc), "
        + "datetime.datetime(2024, 1, 2, 3, 4, 5, tzinfo=datetime.timezone(datetime.timedelta(seconds=7200))), "
        + "datetime.datetime(2024, 1, 2, 3, 4, tzinfo=datetime.timezone(datetime.timedelta(days=-1, seconds=77400))), "
        + "datetime.datetime(2024, 1, 2, 3, 4, 0, 250000)]")]
    [InlineData("[]", "[]")]
    [InlineData("{}", "{}")]
    [InlineData("!!binary aGk=", "b'hi'")]
    [InlineData("2024-01-02T03:04:05.5Z", "2024-01-02 03:04:05.500000+00:00")]
    public void A_default_is_printed_as_Python_prints_it(string yaml, string expected)
    {
        _session.Write("demo/MLproject", $$"""
            entry_points:
              main:
                parameters:
                  value: {default: {{yaml}}}
                command: "python3 job.py {value}"
            """);
        IReadOnlyDictionary<string, string> recorded = Run("Invoke-MlflowProject demo").Clean().Single.Params;
        Assert.Equal([expected], Arguments());
        string quoted = expected.Replace("'", "'\"'\"'", StringComparison.Ordinal);
        Assert.Equal($"'{quoted}'", recorded["value"]);
    }

    [Fact]
    public void A_default_with_a_secret_is_passed_as_it_is_and_recorded_without_it()
    {
        _session.Write("demo/MLproject", """
            entry_points:
              main:
                parameters:
                  source: {default: "https://ada:s3cret@example.com/x"}
                  more: {default: [{password: hunter22, url: "https://ada:s3cret@example.com"}]}
                command: "python3 job.py {source} {more}"
            """);
        IReadOnlyDictionary<string, string> recorded = Run("Invoke-MlflowProject demo").Clean().Single.Params;
        Assert.Equal(
            ["https://ada:s3cret@example.com/x", "[{'password': 'hunter22', 'url': 'https://ada:s3cret@example.com'}]"],
            Arguments());
        Assert.DoesNotContain(recorded.Values, value => value.Contains("s3cret") || value.Contains("hunter22"));
        Assert.Contains("example.com/x", recorded["source"]);
    }

    [Fact]
    public void A_default_that_is_not_base64_is_an_error()
    {
        _session.Write("demo/MLproject", "entry_points: {main: {parameters: {b: {default: !!binary 'a'}}, command: python3 job.py}}");
        Assert.Contains("'b'", Assert.Single(Run("Invoke-MlflowProject demo").Errors).ToString());
    }

    // mlflow run uses python_env.yaml, then conda.yaml, if MLproject names no environment or is missing.
    [Theory]
    [InlineData("python_env.yaml", "", "python_env.yaml")]
    [InlineData("conda.yaml", "", "conda.yaml")]
    [InlineData("conda.yaml", "python_env: ~", "conda.yaml")]
    [InlineData("conda.yaml", "docker_env: {}", "conda.yaml")]
    [InlineData("python_env.yaml, conda.yaml", "", "python_env.yaml")]
    [InlineData("python_env.yaml, conda.yaml", "conda_env: conda.yaml", "conda_env")]
    [InlineData("conda.yml, env/conda.yaml", "", null)]
    public void An_environment_file_that_MLproject_does_not_name_counts_as_well(string files, string yaml, string? named)
    {
        foreach (string file in files.Split(", "))
            _session.Write($"demo/{file}", "name: x\n");
        _session.Write("demo/MLproject", $"{Project}\n{yaml}\n");
        ScriptResult result = Run("Invoke-MlflowProject demo -Parameter @{ config = 'a b.yaml' }");
        Assert.Empty(result.Errors);
        Assert.Equal(named is null ? 0 : 1, result.Warnings.Length);
        Assert.All(result.Warnings, warning => Assert.Contains($"({named})", warning));
        File.Delete(Path.Combine(_session.Folder, "demo", "MLproject"));
        Assert.Equal(named is null ? 0 : 1, Run("Invoke-MlflowProject demo job.py").Warnings.Length);
    }

    [Theory]
    [InlineData("inf")]
    [InlineData("-Inf")]
    [InlineData("+infinity")]
    [InlineData("NaN")]
    [InlineData("1e-3")]
    public void A_number_may_be_any_that_Python_reads(string value)
    {
        Run($"Invoke-MlflowProject demo -Parameter @{{ config = 'a b.yaml'; alpha = '{value}' }}").Clean();
        Assert.Equal(value, Arguments()[3]);
    }

    [Theory]
    [InlineData("python_env: python_env.yaml", "python_env names the file 'python_env.yaml', which is not in")]
    [InlineData("conda_env: conda.yaml", "conda_env names the file 'conda.yaml', which is not in")]
    [InlineData("conda_env: {name: x}", "conda_env is not the name of a file")]
    [InlineData("docker_env: {volumes: []}", "docker_env does not name an image")]
    [InlineData("docker_env: x", "docker_env does not name an image")]
    [InlineData("conda_env: MLproject\ndocker_env: {image: x}", "more than one environment (docker_env, conda_env)")]
    [InlineData("conda_env: ~\npython_env: ~", "more than one environment (conda_env, python_env)")]
    public void An_environment_that_cannot_be_is_reported(string yaml, string said)
    {
        _session.Write("demo/MLproject", Project + "\n" + yaml + "\n");
        Assert.Contains(said, Assert.Single(Run("Invoke-MlflowProject demo -Parameter @{ config = 'a b.yaml' }").Errors).ToString());
        Assert.False(File.Exists(Path.Combine(_session.Folder, "out.json")));
    }

    [Fact]
    public void WhatIf_runs_nothing()
    {
        Run("Invoke-MlflowProject demo -Parameter @{ config = 'a b.yaml' } -WhatIf").Clean();
        Assert.False(File.Exists(Path.Combine(_session.Folder, "out.json")));
        Assert.False(Directory.Exists(Path.Combine(_session.Folder, "mlruns", "0")));
    }

    [Fact]
    public void What_is_recorded_is_what_mlflow_run_records()
    {
        string python = ReadBack.Python();
        HostTests.Run("git", ["init", "-q", "demo"], _session.Folder);
        HostTests.Run("git", ["-C", "demo", "remote", "add", "origin", "https://example.com/demo.git"], _session.Folder);
        Commit("demo");
        HostTests.Run("git", ["-C", "demo", "checkout", "-q", "--detach"], _session.Folder);

        dynamic ours = Run("Invoke-MlflowProject demo -Parameter ([ordered]@{ config = 'a b.yaml'; alpha = '1e-3'; extra = \"it's\" })").Clean().Single;
        string[] ourArguments = Arguments();
        Environment.SetEnvironmentVariable("MLFLOW_TRACKING_URI", (string)ours.TrackingUri);
        Environment.SetEnvironmentVariable("MLFLOW_ALLOW_FILE_STORE", "true");
        (int exitCode, _, string error) = HostTests.Run(python, ["-m", "mlflow", "run", "demo", "--env-manager", "local", "-P", "config=a b.yaml", "-P", "alpha=1e-3", "-P", "extra=it's"], _session.Folder, keep: ["MLFLOW_TRACKING_URI", "MLFLOW_ALLOW_FILE_STORE", "ANOVOS_TEST_OUT"]);
        Environment.SetEnvironmentVariable("MLFLOW_TRACKING_URI", null);
        Environment.SetEnvironmentVariable("MLFLOW_ALLOW_FILE_STORE", null);
        Assert.True(exitCode == 0, error);
        string theirs = _session.Run("Get-MlflowRun | Where-Object RunId -ne $Ours | ForEach-Object RunId", ("Ours", (string)ours.RunId)).Clean().Texts.Single();

        JsonElement our = ReadBack.Run((string)ours.TrackingUri, (string)ours.RunId, _session.Folder), their = ReadBack.Run((string)ours.TrackingUri, theirs, _session.Folder);
        Assert.Equal(Pairs(their, "params"), Pairs(our, "params"));

        // MLflow 3 omits the older of the two names.
        string[] aside = ["mlflow.runName", .. their.GetProperty("version").GetString()![0] == '2' ? Array.Empty<string>() : ["mlflow.gitRepoURL"]];
        Assert.Equal(Pairs(their, "tags").Where(IsCompared), Pairs(our, "tags").Where(IsCompared));
        Assert.Equal(("FINISHED", "FINISHED"), (our.GetProperty("status").GetString(), their.GetProperty("status").GetString()));
        Assert.Equal(Arguments(), ourArguments);

        bool IsCompared(string tag) => !aside.Contains(tag.Split('=')[0]);
    }

    [Fact]
    public void A_workflow_that_is_exported_is_a_project_that_runs()
    {
        _session.Write("work/conf/it's {a}.yaml", InvokeWorkflowTests.Config);
        _session.Write("work/job.py", Job);
        ScriptResult result = Run("""
            $file = Import-AnovosConfig "./work/conf/it's {a}.yaml" | Export-AnovosProject python3 job.py 'a b' '{c}' -Path ./work -Name 'My: project'
            $file.FullName
            Invoke-MlflowProject ./work -Parameter @{ run_type = 'emr' }
            """).Clean();
        Assert.Equal(Path.Combine(_session.Folder, "work", "MLproject"), result.Texts[0]);
        Assert.Equal(["a b", "{c}", "conf/it's {a}.yaml", "emr"], Arguments());
        Assert.Contains("-Force", Assert.Single(Run("Import-AnovosConfig \"./work/conf/it's {a}.yaml\" | Export-AnovosProject python3 -Path ./work").Errors).ToString());
        Assert.Contains("is not in ", Assert.Single(Run("Import-AnovosConfig \"./work/conf/it's {a}.yaml\" | Export-AnovosProject python3 -Path ./demo -Force").Errors).ToString());
    }

    [Fact]
    public void A_workflow_that_is_exported_is_read_by_MLflow_itself()
    {
        string python = ReadBack.Python();
        _session.Write("work/conf/it's {a}.yaml", InvokeWorkflowTests.Config);
        Run("Import-AnovosConfig \"./work/conf/it's {a}.yaml\" | Export-AnovosProject spark-submit '--master' 'local[*]' main.py '{c}' -Path ./work -Name 'My: project'").Clean();
        (int exitCode, string output, string error) = HostTests.Run(python, [Path.Combine(Repository.Root, "tests", "readback", "load_project.py"), Path.Combine(_session.Folder, "work")], _session.Folder);
        Assert.True(exitCode == 0, error);
        JsonElement read = JsonDocument.Parse(output).RootElement;
        Assert.Equal("My: project", read.GetProperty("name").GetString());
        Assert.Equal("""{"config": ["string", "conf/it's {a}.yaml"], "run_type": ["string", "local"]}""", read.GetProperty("parameters").GetRawText());
        Assert.Equal("""spark-submit --master 'local[*]' main.py '{c}' 'conf/it'"'"'s {a}.yaml' local""", read.GetProperty("command").GetString());
    }

    private ScriptResult Run(string script) => _session.Run(script);

    private JsonElement Told() => JsonDocument.Parse(File.ReadAllText(Path.Combine(_session.Folder, "out.json"))).RootElement;

    private string[] Arguments() => [.. Told().GetProperty("arguments").EnumerateArray().Select(item => item.GetString()!)];

    private static IDictionary<string, string> Tags(dynamic run) => new Dictionary<string, string>((IReadOnlyDictionary<string, string>)run.Tags);

    private static string[] Pairs(JsonElement run, string kind) => [.. run.GetProperty(kind).EnumerateObject().Select(pair => $"{pair.Name}={pair.Value}").Order(StringComparer.Ordinal)];

    private string MakeRepository()
    {
        (int exitCode, _, string error) = HostTests.Run("git", ["init", "-q", "-b", "main", "made"], _session.Folder);
        Assert.SkipWhen(exitCode != 0, $"git is of no use here: {error}");
        _session.Write("made/demo/MLproject", Project);
        _session.Write("made/demo/job.py", Job);
        Commit("made");
        HostTests.Run("git", ["-C", "made", "tag", "v1"], _session.Folder);
        HostTests.Run("git", ["-C", "made", "branch", "side"], _session.Folder);
        string commit = HostTests.Run("git", ["-C", "made", "rev-parse", "HEAD"], _session.Folder).Output.Trim();
        File.Delete(Path.Combine(_session.Folder, "made", "demo", "job.py"));
        Commit("made");
        HostTests.Run("git", ["clone", "-q", "--bare", "made", "bare.git"], _session.Folder);
        return commit;
    }

    private void Commit(string folder)
    {
        HostTests.Run("git", ["-C", folder, "add", "-A"], _session.Folder);
        HostTests.Run("git", ["-C", folder, "-c", "user.name=ada", "-c", "user.email=ada@example.com", "commit", "-q", "-m", "state"], _session.Folder);
    }
}
