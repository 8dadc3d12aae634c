using System.Management.Automation;
using Anovos.Mlflow.Artifacts;
using Anovos.Mlflow.PowerShell.Errors;
using Anovos.Mlflow.PowerShell.Sessions;

namespace Anovos.Mlflow.PowerShell.Abstractions;

/// <summary>A cmdlet that moves files to or from a run: several at once, with progress.</summary>
public abstract class TransferCommand : RunCommand
{
    /// <summary>The maximum number of concurrent transfers. The actual number adapts to throughput and to 429/503 responses.</summary>
    [Parameter]
    [ValidateRange(1, ArtifactTransfer.MaximumParallelism)]
    public int ThrottleLimit { get; set; } = ArtifactTransfer.DefaultParallelism;

    /// <summary>Opens the run's artifacts and waits for the transfer, showing how far it is.</summary>
    internal void Transfer(RunReference run, string activity, Func<IArtifactStore, Action<TransferProgress>, CancellationToken, Task> transfer)
    {
        var display = new TransferDisplay(activity, record => Post(() => ShowProgress(record)));
        Await(async token =>
        {
            using IArtifactStore store = await run.OpenArtifactsAsync(token).ConfigureAwait(false);
            await transfer(store, display.Report, token).ConfigureAwait(false);
        });
        ShowProgress(display.Done);
    }

    /// <summary>Writes the error of one file; a path that may not be stays that, and anything else is of kind <paramref name="otherwise"/>.</summary>
    private protected void WriteFailure(Exception cause, ErrorKind otherwise, string message, string target)
    {
        ErrorKind kind = (cause as MlflowException)?.Kind == ErrorKind.ArtifactPathInvalid ? ErrorKind.ArtifactPathInvalid : otherwise;
        WriteError(new MlflowException(kind, message, cause) { Target = target }.ToErrorRecord(target));
    }
}
