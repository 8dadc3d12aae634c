namespace Anovos.Mlflow.Configuration;

/// <summary>An output as it was found on this machine.</summary>
public sealed class ScannedOutput
{
    /// <summary>What the plan says of it.</summary>
    public required AnovosOutput Output { get; init; }

    /// <summary>Whether its file or folder is there. A remote output is not looked for.</summary>
    public bool Exists { get; init; }

    /// <summary>Its files by artifact path; a file that several outputs could claim is with one of them.</summary>
    public required IReadOnlyList<OutputFile> Files { get; init; }

    /// <summary>The bytes of all files.</summary>
    public long Bytes => Files.Sum(file => file.Length);

    /// <summary>What could not be read, as sentences; what else there is stands in <see cref="Files"/>.</summary>
    public required IReadOnlyList<string> Errors { get; init; }

    /// <inheritdoc/>
    public override string ToString() => Output.ToString();
}

/// <summary>A file of an output.</summary>
/// <param name="FullPath">Where it is.</param>
/// <param name="ArtifactPath">Its path among the run's artifacts, name included, with forward slashes.</param>
/// <param name="Length">Its length in bytes.</param>
public sealed record OutputFile(string FullPath, string ArtifactPath, long Length);
