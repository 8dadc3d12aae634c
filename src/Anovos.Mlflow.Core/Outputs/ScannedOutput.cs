using Anovos.Mlflow.Configuration;

namespace Anovos.Mlflow.Outputs;

/// <summary>An output as it was found on this machine.</summary>
public sealed class ScannedOutput
{
    /// <summary>What the plan says of it.</summary>
    public required AnovosOutput Output { get; init; }

    /// <inheritdoc cref="AnovosOutput.Kind"/>
    public OutputKind Kind => Output.Kind;

    /// <inheritdoc cref="AnovosOutput.Step"/>
    public string Step => Output.Step;

    /// <inheritdoc cref="AnovosOutput.ArtifactPath"/>
    public string? ArtifactPath => Output.ArtifactPath;

    /// <inheritdoc cref="AnovosOutput.Tracked"/>
    public bool Tracked => Output.Tracked;

    /// <inheritdoc cref="AnovosOutput.Reason"/>
    public string Reason => Output.Reason;

    /// <summary>Where it was looked for; null when nothing is written.</summary>
    public string? Path { get; init; }

    /// <summary>Whether its file or folder is there. In a bucket it is looked for where it is tracked; in other remote stores it is not.</summary>
    public bool Exists { get; init; }

    /// <summary>Its files by artifact path; a file that several outputs could claim is with one of them.</summary>
    public required IReadOnlyList<OutputFile> Files { get; init; }

    /// <summary>Other runs that have files of this output, in folders called like their ids; the newest first.</summary>
    public IReadOnlyList<string> OtherRuns { get; init; } = [];

    /// <summary>The bytes of all files.</summary>
    public long Bytes => Files.Sum(file => file.Length);

    /// <summary>What could not be read, as sentences; what else there is stands in <see cref="Files"/>.</summary>
    public required IReadOnlyList<string> Errors { get; init; }

    /// <summary>The same output with other files.</summary>
    internal ScannedOutput With(IEnumerable<OutputFile> files) =>
        new() { Output = Output, Path = Path, Exists = Exists, Files = [.. files], Errors = Errors, OtherRuns = OtherRuns };

    /// <summary>Files that a user says are outputs of this kind.</summary>
    /// <param name="kind">What they are.</param>
    /// <param name="artifactPath">Their folder among the run's artifacts.</param>
    /// <param name="tracked">Whether the flags allow them.</param>
    /// <param name="reason">Why, or why not.</param>
    /// <param name="files">Full paths.</param>
    public static ScannedOutput OfFiles(string kind, string artifactPath, bool tracked, string reason, IEnumerable<string> files)
    {
        List<OutputFile> found = [.. files.Select(file => new OutputFile(file, Artifacts.ArtifactPath.Join(artifactPath, System.IO.Path.GetFileName(file)), new FileInfo(file).Length) { Tracked = tracked, Reason = reason })];
        return new ScannedOutput
        {
            Output = new AnovosOutput
            {
                Kind = (OutputKind)Enum.Parse(typeof(OutputKind), kind),
                Step = "",
                ArtifactPath = artifactPath,
                Tracked = tracked,
                Reason = reason,
            },
            Path = found.FirstOrDefault()?.FullPath,
            Exists = true,
            Files = found,
            Errors = [],
        };
    }

    /// <inheritdoc/>
    public override string ToString() => Output.ToString();
}

/// <summary>A file of an output.</summary>
/// <param name="FullPath">Where it is: a path, or the URI of an object.</param>
/// <param name="ArtifactPath">Its path among the run's artifacts, name included, with forward slashes.</param>
/// <param name="Length">Its length in bytes.</param>
public sealed record OutputFile(string FullPath, string ArtifactPath, long Length)
{
    /// <summary>Whether it is to be sent to the run.</summary>
    public bool Tracked { get; init; }

    /// <summary>Why, or why not: the flag, or the rule that leaves it out.</summary>
    public string Reason { get; init; } = "";

    /// <summary>When it was written, as its bucket says; null for a file of this machine.</summary>
    public DateTime? WrittenUtc { get; init; }

    /// <summary>What its bucket calls this very content; null for a file of this machine.</summary>
    public string? ETag { get; init; }

    /// <summary>The MD5 that its bucket has of it, in hex digits; null where there is none.</summary>
    public string? Md5 { get; init; }
}
