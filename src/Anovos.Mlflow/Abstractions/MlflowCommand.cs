using System.Management.Automation;
using System.Management.Automation.Runspaces;
using Anovos.Mlflow.Databricks;
using Anovos.Mlflow.Pipelines;
using Anovos.Mlflow.PowerShell.Errors;
using Anovos.Mlflow.PowerShell.Sessions;
using Anovos.Mlflow.Stores;

namespace Anovos.Mlflow.PowerShell.Abstractions;

/// <summary>
/// A cmdlet whose work is asynchronous. The pipeline thread waits for one task at a time and in the meantime does the writes that
/// the task posts. Ctrl+C cancels the task. A failure becomes an error record with the id of its kind.
/// </summary>
public abstract class MlflowCommand : PSCmdlet, IDisposable
{
    private static readonly string[] PipelineTags = ["PSHOST", "AzurePipelines"];

    private readonly CancellationTokenSource _stop = new();
    private readonly PostedWrites _posted = new();
    private string[] _typed = [];
    private Redactor? _redactor;

    /// <summary>The state of this runspace: its connection and active runs.</summary>
    internal static MlflowSession Session => MlflowSession.Of(Runspace.DefaultRunspace);

    /// <summary>Masks the secrets of this session. All text that a command shows passes through it.</summary>
    private protected Redactor Redactor => _redactor ??= Session.Redactor;

    /// <summary>The folder from which relative paths start.</summary>
    protected string CurrentDirectory => SessionState.Path.CurrentFileSystemLocation.ProviderPath;

    /// <summary>Parses a tracking URI from the user, or chooses the default store. Shows the warning of the target once.</summary>
    private protected TrackingTarget ParseTarget(string? uri)
    {
        TrackingTarget target = StorePath.Parse(SessionState, uri);
        if (target.Warning is { } warning && Session.IsNew(warning))
            WriteWarning(warning);
        return target;
    }

    /// <summary>Parses a local folder or database from the user: a path or a URI.</summary>
    private protected TrackingTarget ParsePlace(string place)
    {
        // The name of a folder may contain a colon.
        bool isKnown = TrackingTarget.IsLocalUri(place) || place.Contains("://")
            || TrackingTarget.FolderExists(place, CurrentDirectory);
        TrackingTarget target = ParseTarget(isKnown ? place : GetUnresolvedProviderPathFromPSPath(place)).OrDatabase();
        return target.IsLocal
            ? target
            : throw new MlflowException(ErrorKind.UriUnsupported, $"{target} is not a folder or a SQLite database.") { Target = place };
    }

    /// <summary>How long to wait for the work to end after Ctrl+C. After that, it is abandoned.</summary>
    protected virtual TimeSpan Farewell => TimeSpan.FromMilliseconds(500);

    /// <summary>The Azure Pipelines build that this session is a task of; null outside a build.</summary>
    private protected AzurePipeline? Pipeline { get; private set; }

    /// <inheritdoc/>
    public void Dispose()
    {
        Dispose(disposing: true);
        GC.SuppressFinalize(this);
    }

    /// <inheritdoc/>
    protected sealed override void BeginProcessing()
    {
        _typed = [.. MyInvocation.BoundParameters.Keys];
        MlflowSession.Enter(Runspace.DefaultRunspace, SessionState.PSVariable.GetValue("global:Error"));
        Redactor.AddEnvironment(Environment.GetEnvironmentVariable);
        Guard(() =>
        {
            Pipeline = AzurePipeline.Find(Environment.GetEnvironmentVariable);
            Begin();
        });
    }

    /// <inheritdoc/>
    protected sealed override void ProcessRecord() => Guard(Process);

    /// <inheritdoc/>
    protected sealed override void EndProcessing() => Guard(End);

    /// <inheritdoc/>
    protected sealed override void StopProcessing() => _stop.Cancel();

    /// <summary>Runs before the first record.</summary>
    protected virtual void Begin()
    {
    }

    /// <summary>Runs for each record.</summary>
    protected virtual void Process()
    {
    }

    /// <summary>Runs after the last record.</summary>
    protected virtual void End()
    {
    }

    /// <summary>Whether the caller passed a value for a parameter, on the command line or through the pipeline.</summary>
    private protected bool IsGiven(string parameter) => MyInvocation.BoundParameters.ContainsKey(parameter);

    /// <summary>Whether the caller passed a value for a parameter on the command line.</summary>
    private protected bool IsTyped(string parameter) => _typed.Contains(parameter, StringComparer.OrdinalIgnoreCase);

    /// <summary>Runs the work on another thread and waits for it, doing the writes that it posts.</summary>
    /// <exception cref="PipelineStoppedException">Ctrl+C, or a posted write ended the pipeline.</exception>
    protected T Await<T>(Func<CancellationToken, Task<T>> work)
    {
        Task<T> task = Task.Run(() => work(_stop.Token), _stop.Token);
        Drain(task);
        return task.GetAwaiter().GetResult();
    }

    /// <inheritdoc cref="Await{T}"/>
    protected void Await(Func<CancellationToken, Task> work) => Await(Start(work));

    /// <summary>Waits for work that was started before, doing the writes that it posts.</summary>
    /// <inheritdoc cref="Await{T}"/>
    private protected void Await(Task task)
    {
        Drain(task);
        task.GetAwaiter().GetResult();
    }

    /// <summary>Starts work on another thread. The caller must await it later.</summary>
    private protected Task Start(Func<CancellationToken, Task> work) => Task.Run(() => work(_stop.Token), _stop.Token);

    /// <summary>Queues a write for the pipeline thread, without waiting. For use by the work inside <see cref="Await{T}"/>.</summary>
    protected void Post(Action write) => _posted.Add(write);

    /// <summary>Writes a warning. Untrusted text in it cannot control a terminal or a build, and secrets are masked.</summary>
    protected internal new void WriteWarning(string text)
    {
        text = Redactor.Clean(text);
        if (Pipeline is not null && !CommandPreference.IsSilent(this, "Warning"))
            Tell(Pipeline.Warn(text));
        base.WriteWarning(SafeText.Of(text));
    }

    /// <summary>Writes an error.</summary>
    internal new void WriteError(ErrorRecord record)
    {
        record = record.Redact(Redactor);
        TellError(record);
        base.WriteError(record);
    }

    /// <inheritdoc cref="WriteWarning"/>
    protected internal new void WriteInformation(object message, string[] tags)
    {
        if (message is HostInformationMessage text)
            text.Message = Redactor.Clean(text.Message);
        base.WriteInformation(message, tags);
    }

    /// <inheritdoc cref="WriteWarning"/>
    protected new void WriteProgress(ProgressRecord record)
    {
        record.Activity = Redactor.Clean(record.Activity);
        record.StatusDescription = Redactor.Clean(record.StatusDescription);
        base.WriteProgress(record);
    }

    /// <summary>Writes lines for the pipeline agent. Like those of <c>Write-Host</c>, they are not output.</summary>
    private protected void Tell(IReadOnlyList<string> lines)
    {
        foreach (string line in lines)
            WriteInformation(new HostInformationMessage { Message = line }, PipelineTags);
    }

    /// <summary>Shows progress, in a build also on its page.</summary>
    private protected void ShowProgress(ProgressRecord record)
    {
        WriteProgress(record);
        if (Pipeline is not null)
            Tell(Pipeline.Progress(record.PercentComplete, record.Activity));
    }

    /// <inheritdoc cref="WriteWarning"/>
    protected new void WriteVerbose(string text) => base.WriteVerbose(SafeText.Of(Redactor.Clean(text)));

    /// <inheritdoc cref="WriteWarning"/>
    protected new bool ShouldProcess(string target, string action) =>
        base.ShouldProcess(SafeText.Of(Redactor.Clean(target)), SafeText.Of(Redactor.Clean(action)));

    /// <summary>True if the failure ends the command. Otherwise the failure is written, and the command continues with the next
    /// object.</summary>
    private protected virtual bool Ends(MlflowException e) => e.EndsPipeline();

    /// <summary>Releases the resources of the cmdlet.</summary>
    protected virtual void Dispose(bool disposing)
    {
        if (disposing)
            _stop.Dispose();
    }

    private void Drain(Task task)
    {
        try
        {
            _posted.DoUntilEnd(task, _stop.Token);
        }
        catch
        {
            // Ctrl+C, or a write that ended the pipeline: cancel the work, and wait a limited time.
            _stop.Cancel();
            Task.WaitAny([task], Farewell);
            throw;
        }
    }

    private void Guard(Action step)
    {
        // A command may run other commands, which end before it does.
        WorkspaceLookup lookup = Session.Lookup;
        CancellationToken outer = lookup.Cancellation;
        lookup.Cancellation = _stop.Token;
        try
        {
            step();
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested)
        {
            throw new PipelineStoppedException();
        }
        catch (MlflowException e) when (Ends(e))
        {
            Throw(e.ToErrorRecord());
        }
        catch (MlflowException e)
        {
            WriteError(e.ToErrorRecord());
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            Throw(e.ToFileError(target: null));
        }
        catch (Exception e) when (e is not RuntimeException && Redactor.Clean(e) is RedactedException clean)
        {
            // PowerShell stores the exception in $Error unmasked.
            throw clean;
        }
        finally
        {
            lookup.Cancellation = outer;
        }
    }

    /// <summary>Outputs a file as Get-Item does, with the provider's properties: views show its size, mode and user.</summary>
    private protected void WriteFile(string path)
    {
        string qualified = $@"Microsoft.PowerShell.Core\FileSystem::{path}";
        foreach (PSObject item in InvokeProvider.Item.Get([qualified], force: true, literalPath: true))
            WriteObject(item);
    }

    /// <summary>Ends the command with an error.</summary>
    private protected void Throw(ErrorRecord record)
    {
        record = record.Redact(Redactor);
        TellError(record);
        ThrowTerminatingError(record);
    }

    private void TellError(ErrorRecord record)
    {
        if (Pipeline is not null && !CommandPreference.IsSilent(this, "Error"))
            Tell(Pipeline.Fail(record.ToString()));
    }
}
