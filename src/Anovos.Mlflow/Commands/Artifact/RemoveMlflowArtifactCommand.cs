using System.Management.Automation;
using Anovos.Mlflow.Artifacts;
using Anovos.Mlflow.PowerShell.Abstractions;
using Anovos.Mlflow.PowerShell.Errors;
using Anovos.Mlflow.PowerShell.Sessions;

namespace Anovos.Mlflow.PowerShell.Commands;

/// <summary>Permanently removes artifacts of a run: files, folders, or the files below a folder that match patterns.</summary>
[Cmdlet(VerbsCommon.Remove, "MlflowArtifact", SupportsShouldProcess = true, ConfirmImpact = ConfirmImpact.High)]
[OutputType(typeof(void))]
public sealed class RemoveMlflowArtifactCommand : RunCommand
{
    private readonly HashSet<string> _removed = new(StringComparer.Ordinal);

    /// <summary>Files and folders of the run.</summary>
    [Parameter(Position = 0, Mandatory = true, ValueFromPipelineByPropertyName = true)]
    [ValidateNotNullOrEmpty]
    public string[] ArtifactPath { get; set; } = [];

    /// <summary>Removes folders and everything in them.</summary>
    [Parameter]
    public SwitchParameter Recurse { get; set; }

    /// <summary>Removes only those files of a folder that match one of these patterns, such as <c>**/*.csv</c>.</summary>
    [Parameter]
    [SupportsWildcards]
    public string[] Include { get; set; } = [];

    /// <summary>Keeps the files of a folder that match one of these patterns.</summary>
    [Parameter]
    [SupportsWildcards]
    public string[] Exclude { get; set; } = [];

    /// <summary>
    /// The maximum number of files removed concurrently when patterns select them. The actual number adapts to throughput and to
    /// 429/503 responses.
    /// </summary>
    [Parameter]
    [ValidateRange(1, ArtifactTransfer.MaximumParallelism)]
    public int ThrottleLimit { get; set; } = ArtifactTransfer.DefaultParallelism;

    /// <inheritdoc/>
    protected override void Process()
    {
        RunReference run = ResolveRun();
        var filter = new ArtifactFilter(Include, Exclude);
        using IArtifactStore store = Await(run.OpenArtifactsAsync);
        foreach (string path in ArtifactPath)
        {
            try
            {
                Remove(run, store, Artifacts.ArtifactPath.OfRemoval(path), filter);
            }
            catch (MlflowException e) when (!e.EndsPipeline())
            {
                WriteError(e.ToErrorRecord(path));
            }
        }
    }

    private void Remove(RunReference run, IArtifactStore store, string path, ArtifactFilter filter)
    {
        // Get-MlflowArtifact -Recurse returns both a folder and its content: the content was removed with the folder.
        if (ParentsOf(path).Any(parent => _removed.Contains($"{run.RunId}/{parent}")))
            return;
        Artifact found = Await(token => ArtifactTree.FindAsync(store, path, token));
        if (found.IsDirectory && !Recurse)
            throw new MlflowException(ErrorKind.InvalidValue, $"'{path}' is a folder. Use -Recurse to remove it and everything in it.") { Target = path };
        if (found.IsDirectory && !filter.IsEmpty)
        {
            RemoveFiles(run, store, path, filter);
            return;
        }

        if (!filter.Selects(path) || !ShouldProcess(run.ToString(), found.IsDirectory ? $"Remove the folder '{path}' and everything in it" : $"Remove '{path}'"))
            return;
        Await(token => store.DeleteAsync(path, token));
        if (found.IsDirectory)
            _removed.Add($"{run.RunId}/{path}");
    }

    private void RemoveFiles(RunReference run, IArtifactStore store, string folder, ArtifactFilter filter)
    {
        IReadOnlyList<ListedArtifact> files = Await(token => ArtifactTree.FilesAsync(store, folder, ThrottleLimit, token));
        string[] selected = [.. files.Select(file => file.ArtifactPath).Where(filter.Selects).Where(file => ShouldProcess(run.ToString(), $"Remove '{file}'"))];
        Await(token => ArtifactTree.DeleteAsync(store, selected, ThrottleLimit, (file, e) => Post(() => WriteError(e.ToErrorRecord(file))), token));
    }

    private static IEnumerable<string> ParentsOf(string path)
    {
        for (int slash = path.LastIndexOf('/'); slash > 0; slash = path.LastIndexOf('/', slash - 1))
            yield return path.Substring(0, slash);
    }
}
