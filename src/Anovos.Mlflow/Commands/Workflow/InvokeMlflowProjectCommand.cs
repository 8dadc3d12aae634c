using System.Collections;
using System.Management.Automation;
using Anovos.Mlflow.PowerShell.Abstractions;
using Anovos.Mlflow.PowerShell.Errors;
using Anovos.Mlflow.PowerShell.Sessions;
using Anovos.Mlflow.Processes;
using Anovos.Mlflow.Projects;
using Anovos.Mlflow.Tracking;
using Anovos.Mlflow.Workflow;

namespace Anovos.Mlflow.PowerShell.Commands;

/// <summary>
/// Runs an entry point of an MLflow project under a run, which records the same data as <c>mlflow run --env-manager local</c>. The
/// command does not run in a shell.
/// </summary>
[Cmdlet(VerbsLifecycle.Invoke, "MlflowProject", SupportsShouldProcess = true)]
[OutputType("Anovos.Mlflow.Tracking.Run")]
public sealed class InvokeMlflowProjectCommand : ProgramCommand
{
    private MlflowProject? _project;

    /// <summary>The project: a folder or a git URI. <c>#folder</c> at the end specifies a folder in it.</summary>
    [Parameter(Position = 0, ValueFromPipeline = true)]
    [ValidateNotNullOrEmpty]
    public string Uri { get; set; } = ".";

    /// <summary>What to run: an entry point of the project, or a script in it.</summary>
    [Parameter(Position = 1)]
    [ValidateNotNullOrEmpty]
    public string EntryPoint { get; set; } = "main";

    /// <summary>Parameter values. Undeclared parameters are appended to the command, as <c>--name value</c>.</summary>
    [Parameter]
    [Alias("Param")]
    [ValidateNotNull]
    public IDictionary? Parameter { get; set; }

    /// <summary>A branch, a tag or a commit of the project's git repository.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? Version { get; set; }

    private IReadOnlyList<KeyValuePair<string, string>> _recorded = [];
    private IReadOnlyList<Param> _params = [];

    /// <inheritdoc/>
    protected override IReadOnlyList<Tag> OwnTags => _project!.Tags(EntryPoint);

    /// <inheritdoc/>
    protected override (string? Name, string Folder) Source => (_project!.SourceName, _project.Folder);

    /// <inheritdoc/>
    protected override void Process()
    {
        string folder = CurrentDirectory;
        Redactor.AddUri(Uri);
        using MlflowProject project = Await(token => MlflowProject.OpenAsync(Uri, Version, folder, token));
        _project = project;
        if (project.Environment is { } environment)
            WriteWarning($"The project declares its own environment ({environment}), which is not created. It runs in the current environment, as with mlflow run --env-manager local.");
        KeyValuePair<string, string>[] given = [.. (Parameter?.Keys.Cast<object>() ?? []).Select(key => new KeyValuePair<string, string>(ValueText.Of(key), ValueText.Of(Parameter![key])))];
        (IReadOnlyList<string> command, IReadOnlyList<KeyValuePair<string, string>> recorded) = project.Compute(EntryPoint, given, folder);
        var program = new WorkflowCommand
        {
            FileName = FindProgram(command[0], name => ProgramSearch.Locate(project.Folder, name)),
            Arguments = [.. command.Skip(1)],
            WorkingDirectory = project.Folder,
            Timeout = TimeLimit,
        };
        _recorded = recorded;
        if (Start(resumeId: null) is { } run)
            RunUnder(run, program);
    }

    /// <inheritdoc/>
    protected override void BeforeStart(StoreLimits limits)
    {
        var builder = new ParamBuilder(limits, TruncatesLongValues);
        foreach (KeyValuePair<string, string> parameter in _recorded)
            builder.Add(parameter.Key, parameter.Value);
        foreach (string warning in builder.Warnings)
            WriteWarning(warning);
        _params = builder.Params;
    }

    private void RunUnder(Run run, WorkflowCommand program)
    {
        ActiveRun active = Session.Active!;
        WorkflowEnd end;
        try
        {
            Await(token => active.Connection.Store.WriteAsync(run.RunId, new RunData { Params = _params }, token));
            var child = new ChildProcess(program with { Environment = ChildEnvironment(run, active.Connection) });
            end = Watch((show, token) => child.RunAsync((_, lines) => show(lines), _ => { }, token));
        }
        catch (Exception e) when (e is PipelineStoppedException or OperationCanceledException)
        {
            EndQuietly(active, "Killed");
            throw;
        }
        catch (Exception)
        {
            EndQuietly(active, "Failed");
            throw;
        }

        SetExitCode(end.ExitCode, end.Fault);
        Session.Remove(run.RunId);
        var lifecycle = new RunLifecycle(active.Connection.Store, RunEnvironment.Read);
        WriteObject(Await(token => lifecycle.EndAsync(run.RunId, run.Experiment, end.Status, token)));
        if (end.Fault is not { } fault)
            return;
        WriteLogErrors();
        WriteError(new MlflowException(ErrorKind.WorkflowFailed, $"The entry point '{EntryPoint}' of {_project}: {fault}") { Target = Uri }
            .ToErrorRecord(Uri));
    }
}
