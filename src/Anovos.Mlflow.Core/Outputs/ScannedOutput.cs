using Anovos.Mlflow.Configuration;

namespace Anovos.Mlflow.Outputs;

/// <summary>An output with the files that were found.</summary>
public sealed class ScannedOutput
{
    /// <summary>The output in the plan.</summary>
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

    /// <summary>The path that was searched; null if nothing is written.</summary>
    public string? Path { get; init; }

    /// <summary>Whether its file or folder exists. In buckets, only tracked outputs are searched; other remote stores never are.</summary>
    public bool Exists { get; init; }

    /// <summary>Its files by artifact path. If several outputs could have a file, only one has it.</summary>
    public required IReadOnlyList<OutputFile> Files { get; init; }

    /// <summary>Other runs that have files of this output, in folders named by their run ids; newest first.</summary>
    public IReadOnlyList<string> OtherRuns { get; init; } = [];

    /// <summary>The total size of all files, in bytes.</summary>
    public long Bytes => Files.Sum(file => file.Length);

    /// <summary>The files and folders that could not be read, a sentence each. <see cref="Files"/> has all others.</summary>
    public required IReadOnlyList<string> Errors { get; init; }

    /// <summary>Returns the same output with other files.</summary>
    internal ScannedOutput With(IEnumerable<OutputFile> files) =>
        new() { Output = Output, Path = Path, Exists = Exists, Files = [.. files], Errors = Errors, OtherRuns = OtherRuns };

    /// <summary>Creates an output from files specified by the user.</summary>
    /// <param name="kind">The kind of the files.</param>
    /// <param name="artifactPath">Their folder among the run's artifacts.</param>
    /// <param name="tracked">Whether the flags allow the files.</param>
    /// <param name="reason">The reason.</param>
    /// <param name="files">The full paths of the files.</param>
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
/// <param name="FullPath">Its location: a path, or the URI of an object.</param>
/// <param name="ArtifactPath">Its artifact path in the run, including the name, with forward slashes.</param>
/// <param name="Length">Its length in bytes.</param>
public sealed record OutputFile(string FullPath, string ArtifactPath, long Length)
{
    /// <summary>Whether it should be sent to the run.</summary>
    public bool Tracked { get; init; }

    /// <summary>The reason why it is sent or not: the flag, or the rule that excludes it.</summary>
    public string Reason { get; init; } = "";

    /// <summary>The time when it was written, from its bucket; null for a file on this machine.</summary>
    public DateTime? WrittenUtc { get; init; }

    /// <summary>The bucket's ETag for this content; null for a file on this machine.</summary>
    public string? ETag { get; init; }

    /// <summary>The MD5 from its bucket, in hex digits; null if there is none.</summary>
    public string? Md5 { get; init; }
}
