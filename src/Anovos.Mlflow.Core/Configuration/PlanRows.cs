namespace Anovos.Mlflow.Configuration;

/// <summary>Collects the rows of a plan, and decides by the flags whether each row is tracked.</summary>
internal sealed class PlanRows(TrackingSettings? tracking, string basePath, string? runId)
{
    private readonly List<AnovosOutput> _all = [];

    /// <summary>True unless the flag for reports is off.</summary>
    public bool TracksReports => tracking is not { TrackReports: false };

    /// <summary>The rows so far.</summary>
    public IReadOnlyList<AnovosOutput> All => _all;

    /// <summary>Adds a row for an output that is not written or cannot be distinguished from other files.</summary>
    public void Skip(OutputKind kind, string step, string? artifactPath, string reason) =>
        _all.Add(new AnovosOutput { Kind = kind, Step = step, ArtifactPath = artifactPath, Reason = reason });

    /// <summary>
    /// Adds a row for a folder. If Anovos tracks, it writes to a subfolder for the run, unless <paramref name="inRunFolder"/> is false.
    /// </summary>
    public void Folder(OutputKind kind, string step, OutputPath path, string artifactPath, bool inRunFolder = true)
    {
        if (path.IsOrHolds(basePath))
        {
            Skip(kind, step, artifactPath,
                "the folder is or contains the working directory, so outputs cannot be distinguished from other files there");
            return;
        }

        Add(kind, step, path, InRun(path, inRunFolder), artifactPath, isFile: false);
    }

    /// <summary>
    /// Adds a row for a single file in a folder. If Anovos tracks, it writes to a subfolder for the run, unless
    /// <paramref name="inRunFolder"/> is false.
    /// </summary>
    public void File(OutputKind kind, string step, OutputPath folder, string name, string artifactPath, bool inRunFolder = true) =>
        Add(kind, step, folder.Child(name), InRun(folder, inRunFolder)?.Child(name), artifactPath, isFile: true);

    private OutputPath? InRun(OutputPath folder, bool inRunFolder) =>
        runId is null ? null : inRunFolder ? folder.Child(runId) : folder;

    private void Add(OutputKind kind, string step, OutputPath path, OutputPath? runPath, string artifactPath, bool isFile)
    {
        string reason = "the workflow has no mlflow block";
        bool tracked = tracking?.Tracks(kind, artifactPath, out reason) ?? false;
        _all.Add(new AnovosOutput
        {
            Kind = kind,
            Step = step,
            Path = path.Value,
            RunPath = runPath?.Value,
            IsRemote = path.IsRemote,
            ArtifactPath = artifactPath,
            IsFile = isFile,
            Tracked = tracked,
            Reason = reason,
        });
    }
}
