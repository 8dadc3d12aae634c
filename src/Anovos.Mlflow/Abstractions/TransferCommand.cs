using System.Management.Automation;
using Anovos.Mlflow.Artifacts;
using Anovos.Mlflow.PowerShell.Errors;
using Anovos.Mlflow.PowerShell.Sessions;

namespace Anovos.Mlflow.PowerShell.Abstractions;

/// <summary>A cmdlet that uploads or downloads files of a run, several in parallel, with progress.</summary>
public abstract class TransferCommand : RunCommand
{
    /// <summary>The maximum number of concurrent transfers. The actual number adapts to throughput and to 429/503 responses.</summary>
    [Parameter]
    [ValidateRange(1, ArtifactTransfer.MaximumParallelism)]
    public int ThrottleLimit { get; set; } = ArtifactTransfer.DefaultParallelism;

    /// <summary>Opens the run's artifacts and waits for the transfer, showing its progress.</summary>
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

    /// <summary>Writes the error of one file. An invalid artifact path keeps its kind; other errors get the kind <paramref name="otherwise"/>.</summary>
    private protected void WriteFailure(Exception cause, ErrorKind otherwise, string message, string target)
    {
        ErrorKind kind = (cause as MlflowException)?.Kind == ErrorKind.ArtifactPathInvalid ? ErrorKind.ArtifactPathInvalid : otherwise;
        WriteError(new MlflowException(kind, message, cause) { Target = target }.ToErrorRecord(target));
    }
}
