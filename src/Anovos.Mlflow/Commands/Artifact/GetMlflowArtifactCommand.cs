using System.Management.Automation;
using Anovos.Mlflow.Artifacts;
using Anovos.Mlflow.PowerShell.Abstractions;
using Anovos.Mlflow.PowerShell.Errors;
using Anovos.Mlflow.PowerShell.Sessions;

namespace Anovos.Mlflow.PowerShell.Commands;

/// <summary>Lists the artifacts of a run: those directly in a folder, or everything below it.</summary>
[Cmdlet(VerbsCommon.Get, "MlflowArtifact")]
[OutputType("Anovos.Mlflow.Artifacts.Artifact")]
public sealed class GetMlflowArtifactCommand : RunCommand
{
    /// <summary>The folder to list; without it, the run's artifact root.</summary>
    [Parameter(Position = 0)]
    [AllowEmptyString]
    public string ArtifactPath { get; set; } = "";

    /// <summary>Also lists subfolders.</summary>
    [Parameter]
    public SwitchParameter Recurse { get; set; }

    /// <summary>Lists only artifacts that match one of these patterns, such as <c>**/*.csv</c>.</summary>
    [Parameter]
    [SupportsWildcards]
    public string[] Include { get; set; } = [];

    /// <summary>Leaves out artifacts that match one of these patterns.</summary>
    [Parameter]
    [SupportsWildcards]
    public string[] Exclude { get; set; } = [];

    /// <inheritdoc/>
    protected override void Process()
    {
        var filter = new ArtifactFilter(Include, Exclude);
        RunReference run = ResolveRun();
        string start = Artifacts.ArtifactPath.Normalize(ArtifactPath);
        Await(async token =>
        {
            using IArtifactStore store = await run.OpenArtifactsAsync(token).ConfigureAwait(false);
            if (start.Length > 0 && await ArtifactTree.FindAsync(store, start, token).ConfigureAwait(false) is { IsDirectory: false } file)
            {
                Post(() => WriteObject(file with { RunId = run.RunId }));
                return;
            }

            var folders = new Stack<string>([start]);
            while (folders.Count > 0)
            {
                string folder = folders.Pop();
                IReadOnlyList<Artifact> entries;
                try
                {
                    entries = await store.ListAsync(folder, token).ConfigureAwait(false);
                }
                catch (MlflowException e) when (e.Kind == ErrorKind.ArtifactPathInvalid)
                {
                    // An MLflow server cannot list a folder if decoding changes its name. The other folders are still listed.
                    Post(() => WriteError(e.ToErrorRecord(folder)));
                    continue;
                }

                foreach (Artifact entry in entries.Where(entry => filter.Selects(entry.ArtifactPath)))
                    Post(() => WriteObject(entry with { RunId = run.RunId }));
                if (!Recurse)
                    continue;
                foreach (Artifact below in entries.Where(entry => entry.IsDirectory).Reverse())
                    folders.Push(below.ArtifactPath);
            }
        });
    }
}
