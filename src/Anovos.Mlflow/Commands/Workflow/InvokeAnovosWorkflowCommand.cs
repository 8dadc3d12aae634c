using System.Management.Automation;
using Anovos.Mlflow.Configuration;
using Anovos.Mlflow.Outputs;
using Anovos.Mlflow.Pipelines;
using Anovos.Mlflow.PowerShell.Abstractions;
using Anovos.Mlflow.PowerShell.Errors;
using Anovos.Mlflow.PowerShell.Sessions;
using Anovos.Mlflow.Tracking;
using Anovos.Mlflow.Workflow;

namespace Anovos.Mlflow.PowerShell.Commands;

/// <summary>
/// Runs a workflow under its own run, which the workflow can join. Shows its output and records its timings while it runs, then
/// records its statistics and outputs. The run is Finished after exit code 0, Killed if the workflow was stopped, else Failed. The
/// workflow runs as a child process, or as a Databricks job.
/// </summary>
[Cmdlet(VerbsLifecycle.Invoke, "AnovosWorkflow", DefaultParameterSetName = "Program", SupportsShouldProcess = true)]
[OutputType("Anovos.Mlflow.Tracking.Run")]
public sealed partial class InvokeAnovosWorkflowCommand : ProgramCommand
{
    // Whether the program gets the workflow file without its mlflow block.
    private bool _getsCopy;

    /// <summary>The workflow, whose <c>mlflow</c> block specifies the store.</summary>
    [Parameter(Mandatory = true, ValueFromPipeline = true)]
    [ValidateNotNull]
    public override AnovosConfig? Config { get; set; }

    /// <summary>
    /// The program that runs the workflow, such as <c>spark-submit</c>: a path, or a name in <c>PATH</c>. On a cluster, the Python
    /// file: a path in the workspace or in a volume, or a URI of cloud storage.
    /// </summary>
    [Parameter(Position = 0, Mandatory = true, ParameterSetName = "Program")]
    [Parameter(Position = 0, Mandatory = true, ParameterSetName = "Cluster")]
    [Parameter(Position = 0, Mandatory = true, ParameterSetName = "NewCluster")]
    [Parameter(Position = 0, Mandatory = true, ParameterSetName = "Serverless")]
    [ValidateNotNullOrEmpty]
    public string FilePath { get; set; } = "";

    /// <summary>The program's arguments, each as the program should receive it.</summary>
    [Parameter(Position = 1, ValueFromRemainingArguments = true, ParameterSetName = "Program")]
    [Parameter(Position = 1, ValueFromRemainingArguments = true, ParameterSetName = "Cluster")]
    [Parameter(Position = 1, ValueFromRemainingArguments = true, ParameterSetName = "NewCluster")]
    [Parameter(Position = 1, ValueFromRemainingArguments = true, ParameterSetName = "Serverless")]
    [Alias("Args")]
    [AllowEmptyString]
    public string[] ArgumentList { get; set; } = [];

    /// <summary>Anovos' run type. With it, the path of the workflow file and the run type are appended to the arguments, as <c>main.py</c> expects.</summary>
    [Parameter]
    [ValidateSet("local", "databricks", "emr", "ak8s")]
    public string? RunType { get; set; }

    /// <summary>
    /// Keeps the <c>mlflow</c> block in the file that Anovos reads, so that Anovos tracks too. Without it, Anovos gets a copy
    /// of the file without the block, and the module tracks according to the block's flags.
    /// </summary>
    [Parameter(ParameterSetName = "Program")]
    public SwitchParameter AnovosTracking { get; set; }

    /// <summary>The folder in which the program runs and relative paths start; without it, the current folder.</summary>
    [Parameter(ParameterSetName = "Program")]
    [ValidateNotNullOrEmpty]
    [Alias("BasePath")]
    public string? WorkingDirectory { get; set; }

    /// <summary>Sends only outputs that match one of these patterns.</summary>
    [Parameter]
    public string[] Include { get; set; } = [];

    /// <summary>Sends no outputs that match one of these patterns.</summary>
    [Parameter]
    public string[] Exclude { get; set; } = [];

    /// <summary>Sends no files larger than this many bytes, for example <c>10MB</c>.</summary>
    [Parameter]
    [ValidateRange(0L, long.MaxValue)]
    public long? MaximumLength { get; set; }

    /// <summary>Sends the outputs of each folder of the run as one zip. The files in it keep their names.</summary>
    [Parameter]
    public SwitchParameter Compress { get; set; }

    /// <summary>Patterns of statistics that become metrics and tags, such as <c>measures_of_counts/*/missing_pct</c>.</summary>
    [Parameter]
    public string[] Statistic { get; set; } = [];

    /// <summary>
    /// Records the resource usage of the machine and of the workflow's processes as system metrics while it runs. Without it,
    /// <c>MLFLOW_ENABLE_SYSTEM_METRICS_LOGGING</c> decides.
    /// </summary>
    [Parameter]
    public SwitchParameter SystemMetric { get; set; }

    /// <summary>Runs the workflow without checking its file.</summary>
    [Parameter]
    public SwitchParameter SkipCheck { get; set; }

    /// <inheritdoc/>
    protected override bool FallsBack => true;

    /// <inheritdoc/>
    protected override IReadOnlyList<Tag> OwnTags => RunType is null && !IsJob ? [] : [new Tag("anovos.workflow.runType", RunType ?? "databricks")];

    /// <inheritdoc/>
    protected override void Process()
    {
        string folder = IsJob ? DriverFolder : WorkingDirectory is null ? CurrentDirectory : GetUnresolvedProviderPathFromPSPath(WorkingDirectory);
        var outputs = new OutputSelection(Include, Exclude, force: false) { MaximumLength = MaximumLength };
        var statistics = new StatisticSelection(Statistic, []);

        // Report invalid arguments before a run is created.
        Func<IReadOnlyDictionary<string, string?>, IWorkflowEngine> engine = IsJob ? ToJob() : ToProcess(folder);
        SystemMetricOptions? systemMetrics = SystemMetrics();
        if (!SkipCheck)
            Check(folder);
        if (IsTrackingOff)
        {
            WriteWarning($"Tracking is off for {Config!.Path}: the file has no mlflow block. The workflow runs without tracking.");
            if (ShouldProcess(IsSavedJob ? $"job {JobId}" : FilePath, "Run"))
                RunUntracked(engine(Variables()), folder);
            return;
        }

        if (Start(_repaired?.RunId) is not { } run)
            return;
        ActiveRun active = Session.Active!;
        if (!IsJob && IsForAnovos && !_getsCopy)
            WarnOfDatabase(run);
        if (systemMetrics?.Missing is { } missing)
            WriteWarning(missing);
        WorkflowResult result;
        try
        {
            IReadOnlyDictionary<string, string?> environment = IsJob ? JobEnvironment(run)
                : OwnSystemMetrics(ChildEnvironment(run, active.Connection), systemMetrics);
            var runner = new WorkflowRunner(active.Connection.Store, run, engine(environment)) { Redactor = Redactor };
            var job = new WorkflowJob
            {
                Config = Config!,
                BasePath = folder,
                Outputs = outputs,
                Compress = Compress,
                Statistics = statistics,
                SystemMetrics = systemMetrics,
                OwnNote = OwnNote,
            };
            result = Watch((show, token) => runner.RunAsync(job, show, token), Progress(folder));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            EndQuietly(active, "Failed");
            throw;
        }
        finally
        {
            Session.Remove(run.RunId);
        }

        MlflowConnection connection = active.Connection;
        TellEnd(RunSummary.Of(result, run, connection.WorkspaceUrl), connection.Store, connection.WorkspaceUrl, run.TrackingUri);
        Report(result, run);
    }

    private Func<IReadOnlyDictionary<string, string?>, IWorkflowEngine> ToProcess(string folder)
    {
        WorkflowCommand command = ToCommand(folder);
        return environment => new ChildProcess(command with { Environment = environment });
    }

    private WorkflowCommand ToCommand(string folder)
    {
        // A path is relative to this session's folder, not to the folder in which the program will run.
        string program = FindProgram(FilePath, GetUnresolvedProviderPathFromPSPath);
        if (!Directory.Exists(folder))
            throw new MlflowException(ErrorKind.CommandNotFound, $"The working directory {folder} does not exist. Nothing was started.") { Target = folder };
        var command = new WorkflowCommand
        {
            FileName = program,
            Arguments = RunType is null ? ArgumentList : [.. ArgumentList, Config!.Path, RunType],
            WorkingDirectory = folder,
            Timeout = TimeLimit,
        };
        _getsCopy = false;
        if (AnovosTracking || IsTrackingOff)
            return command;
        ConfigCopy? copy = Await(token => Task.Run(() => ConfigCopy.For(Config!, command, token), token));
        WriteVerbose(copy is null
            ? $"No argument of the program is {Config!.Path}, so the program gets no copy without the mlflow block."
            : $"The program gets a copy of {Config!.Path} without the mlflow block.");
        _getsCopy = copy is not null;
        return command with { Copy = copy };
    }

    // Whether the program gets the workflow file.
    private bool IsForAnovos => RunType is not null
        || ArgumentList.Any(argument => argument.EndsWith(System.IO.Path.GetFileName(Config!.Path), StringComparison.Ordinal));

    // Anovos also tracks if it finds an mlflow block: to the tracking_uri in it, and to the run in the environment.
    private void WarnOfDatabase(Run run)
    {
        string?[] uris = [run.TrackingUri, Config!.Tracking?.TrackingUri];
        if (uris.FirstOrDefault(uri => uri?.TrimStart().StartsWith("sqlite", StringComparison.OrdinalIgnoreCase) == true) is { } database)
        {
            WriteWarning($"Because of the mlflow block of {Config.Path}, Anovos itself tracks too. It uses MLflow 1.27, which cannot open "
                + $"the database {database}, and will fail after reading its input. Use a server or a folder as tracking_uri, and omit -TrackingUri.");
        }
    }

    private void RunUntracked(IWorkflowEngine engine, string folder)
    {
        WorkflowEnd end = Watch((show, token) => engine.RunAsync((_, lines) => show(lines), _ => { }, token), Progress(folder));
        SetExitCode(end.ExitCode, end.Fault);
        if (end.Fault is not { } fault)
            return;
        WriteLogErrors();
        WriteError(new MlflowException(ErrorKind.WorkflowFailed, fault) { Target = Config!.Path }.ToErrorRecord());
    }

    // Shows the progress of the workflow on the build's page.
    private Action<IReadOnlyList<LogLine>> Progress(string folder)
    {
        WorkflowProgress? progress = Pipeline is null ? null : new WorkflowProgress(Pipeline, Config!, folder);
        return lines =>
        {
            if (progress is not null)
                Tell(progress.Of(lines));
        };
    }

    private void Report(WorkflowResult result, Run run)
    {
        SetExitCode(result.ExitCode, result.Fault);
        if (result.Fault is not null)
            WriteLogErrors();
        foreach (string warning in result.Warnings)
            WriteWarning(warning);
        if (result.Run is { } ended)
            WriteObject(ended);
        if (result.Fault is { } fault)
            WriteError(new MlflowException(ErrorKind.WorkflowFailed, $"{fault} Run {run.RunId} has its log and a note.{Kept(result)}") { Target = Config!.Path }.ToErrorRecord(Config.Path));
        foreach (MlflowException error in result.Errors)
            WriteError(error.ToErrorRecord());
        if (result.Fault is null && (result.Errors.Count > 0 || result.Run is { } last && last.TrackingUri != run.TrackingUri))
        {
            string where = result.Run is { } kept && kept.TrackingUri != run.TrackingUri ? $" The data that could not be sent is in {kept.TrackingUri}. Send it with Sync-MlflowRun." : "";
            WriteError(new MlflowException(ErrorKind.ReportingFailed, $"The workflow succeeded, but not everything was reported to run {run.RunId} at {run.TrackingUri}. Its outputs are where it wrote them.{where}{Kept(result)}") { Target = run.RunId }.ToErrorRecord());
        }
    }

    private static string Kept(WorkflowResult result) => result.LogPath is null ? "" : $" Its log is in {result.LogPath}.";
}
