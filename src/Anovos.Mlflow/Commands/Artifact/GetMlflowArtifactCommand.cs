using System.Management.Automation;
using Anovos.Mlflow.Artifacts;
using Anovos.Mlflow.PowerShell.Abstractions;
using Anovos.Mlflow.PowerShell.Sessions;

namespace Anovos.Mlflow.PowerShell.Commands;

/// <summary>The artifacts of a run: those directly under a folder, or all below it.</summary>
[Cmdlet(VerbsCommon.Get, "MlflowArtifact")]
[OutputType("Anovos.Mlflow.Artifacts.Artifact")]
public sealed class GetMlflowArtifactCommand : RunCommand
{
    /// <summary>The folder to list; without it, the run's artifact root.</summary>
    [Parameter(Position = 0)]
    [AllowEmptyString]
    public string ArtifactPath { get; set; } = "";

    /// <summary>Lists the folders below too.</summary>
    [Parameter]
    public SwitchParameter Recurse { get; set; }

    /// <inheritdoc/>
    protected override void Process()
    {
        RunReference run = ResolveRun();
        string start = Artifacts.ArtifactPath.Normalize(ArtifactPath);
        Await(async token =>
        {
            using IArtifactStore store = await run.OpenArtifactsAsync(token).ConfigureAwait(false);
            if (start.Length > 0 && await FindFileAsync(store, start, token).ConfigureAwait(false) is { } file)
            {
                Post(() => WriteObject(file with { RunId = run.RunId }));
                return;
            }

            var folders = new Stack<string>([start]);
            while (folders.Count > 0)
            {
                IReadOnlyList<Artifact> entries = await store.ListAsync(folders.Pop(), token).ConfigureAwait(false);
                foreach (Artifact entry in entries)
                    Post(() => WriteObject(entry with { RunId = run.RunId }));
                if (!Recurse)
                    continue;
                foreach (Artifact folder in entries.Where(entry => entry.IsDirectory).Reverse())
                    folders.Push(folder.ArtifactPath);
            }
        });
    }

    // A listing of what is a file, or is not there, is empty; the folder above it tells.
    private static async Task<Artifact?> FindFileAsync(IArtifactStore store, string path, CancellationToken cancellationToken)
    {
        int slash = path.LastIndexOf('/');
        IReadOnlyList<Artifact> siblings = await store.ListAsync(slash < 0 ? "" : path.Substring(0, slash), cancellationToken).ConfigureAwait(false);
        Artifact entry = siblings.FirstOrDefault(sibling => sibling.ArtifactPath == path)
            ?? throw new MlflowException(ErrorKind.ArtifactNotFound, $"The run has no artifact '{path}'. Get-MlflowArtifact without a path lists what it has.") { Target = path };
        return entry.IsDirectory ? null : entry;
    }
}
