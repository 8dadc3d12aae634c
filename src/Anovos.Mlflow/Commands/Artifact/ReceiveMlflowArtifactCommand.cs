using System.Management.Automation;
using Anovos.Mlflow.Artifacts;
using Anovos.Mlflow.PowerShell.Abstractions;
using Anovos.Mlflow.PowerShell.Errors;
using Anovos.Mlflow.PowerShell.Sessions;

namespace Anovos.Mlflow.PowerShell.Commands;

/// <summary>
/// Receives files and folders of a run and returns a row for each file. Each file is written under its artifact path in the
/// destination folder, and never outside it, whatever a server lists.
/// </summary>
[Cmdlet(VerbsCommunications.Receive, "MlflowArtifact", SupportsShouldProcess = true)]
[OutputType("Anovos.Mlflow.Artifacts.ArtifactResult")]
public sealed class ReceiveMlflowArtifactCommand : TransferCommand
{
    private readonly List<string> _paths = [];
    private RunReference? _run;

    /// <summary>A file or folder of the run; without it, all artifacts of the run.</summary>
    [Parameter(Position = 0, ValueFromPipelineByPropertyName = true)]
    [AllowEmptyString]
    public string ArtifactPath { get; set; } = "";

    /// <summary>The folder to receive into; without it, the current folder.</summary>
    [Parameter(Position = 1)]
    [ValidateNotNullOrEmpty]
    public string Destination { get; set; } = ".";

    /// <summary>Receives only files that match one of these patterns, such as <c>**/*.csv</c>.</summary>
    [Parameter]
    [SupportsWildcards]
    public string[] Include { get; set; } = [];

    /// <summary>Leaves out files that match one of these patterns.</summary>
    [Parameter]
    [SupportsWildcards]
    public string[] Exclude { get; set; } = [];

    /// <summary>Extracts zips: writes their files instead of the zips.</summary>
    [Parameter]
    public SwitchParameter Expand { get; set; }

    /// <summary>Replaces existing files that have different content.</summary>
    [Parameter]
    public SwitchParameter Force { get; set; }

    /// <inheritdoc/>
    protected override void Process()
    {
        RunReference run = ResolveRun();
        if (_run is not null && _run.RunId != run.RunId)
            ReceiveGathered();
        _run = run;
        string path = Artifacts.ArtifactPath.Normalize(ArtifactPath);
        if (ShouldProcess(run.ToString(), $"Receive {(path.Length == 0 ? "all artifacts" : $"'{path}'")} into '{Folder}'"))
            _paths.Add(path);
    }

    /// <inheritdoc/>
    protected override void End() => ReceiveGathered();

    private bool IsExpanded(ListedArtifact file) => Expand && file.Refused is null && ArtifactBundle.IsZip(file.ArtifactPath);

    private string Folder => GetUnresolvedProviderPathFromPSPath(Destination);

    private void ReceiveGathered()
    {
        if (_run is not { } run || _paths.Count == 0)
            return;
        string folder = Folder;
        string[] paths = [.. _paths];
        _paths.Clear();
        try
        {
            Transfer(run, $"Receiving from run {run.RunId}", async (store, report, token) =>
            {
                void Received(ArtifactReceived received) => Post(() => Completed(run, received));
                IReadOnlyList<ListedArtifact> files = await FindAsync(store, paths, token).ConfigureAwait(false);
                ListedArtifact[] zips = [.. files.Where(IsExpanded)], others = [.. files.Where(file => !IsExpanded(file))];
                var receiver = new ArtifactReceiver(store, ThrottleLimit, Force);
                if (others.Length > 0)
                    await receiver.ReceiveAsync(others, folder, Received, report, token).ConfigureAwait(false);
                var zipReceiver = new ZipReceiver(store, ThrottleLimit, Force);
                if (zips.Length > 0)
                    await zipReceiver.ReceiveAsync(zips, folder, Received, report, token).ConfigureAwait(false);
            });
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new MlflowException(ErrorKind.ArtifactReceiveFailed, $"Cannot write to {folder}: {e.Message}", e) { Target = folder };
        }
    }

    private async Task<IReadOnlyList<ListedArtifact>> FindAsync(IArtifactStore store, string[] paths, CancellationToken cancellationToken)
    {
        // Get-MlflowArtifact -Recurse returns both a folder and its files: receive such a file only once.
        var folders = new HashSet<string>(paths, StringComparer.Ordinal);
        var filter = new ArtifactFilter(Include, Exclude);
        var files = new List<ListedArtifact>();
        foreach (string path in folders.Where(path => !IsBelow(path, folders)))
        {
            try
            {
                files.AddRange((await ArtifactTree.FilesAsync(store, path, ThrottleLimit, cancellationToken).ConfigureAwait(false)).Where(file => filter.Selects(file.ArtifactPath)));
            }
            catch (MlflowException e) when (!e.EndsPipeline())
            {
                Post(() => WriteError(e.ToErrorRecord(path)));
            }
        }

        return files;
    }

    private static bool IsBelow(string path, HashSet<string> folders)
    {
        for (int slash = path.LastIndexOf('/'); slash > 0; slash = path.LastIndexOf('/', slash - 1))
        {
            if (folders.Contains(path.Substring(0, slash)))
                return true;
        }

        return path.Length > 0 && folders.Contains("");
    }

    private void Completed(RunReference run, ArtifactReceived received)
    {
        WriteObject(new ArtifactResult
        {
            ArtifactPath = received.Artifact.ArtifactPath,
            Path = received.Path,
            Length = received.Artifact.Length,
            RunId = run.RunId,
            Status = received.Error is not null ? ArtifactStatus.Failed : received.Unchanged ? ArtifactStatus.Unchanged : ArtifactStatus.Received,
            Reason = received.Error?.Message ?? "",
        });
        if (received.Error is { } error)
            WriteFailure(error, ErrorKind.ArtifactReceiveFailed, $"'{received.Artifact.ArtifactPath}' was not received: {error.Message}", received.Artifact.ArtifactPath);
    }
}
