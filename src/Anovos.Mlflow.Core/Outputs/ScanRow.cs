using Anovos.Mlflow.Artifacts;
using Anovos.Mlflow.Configuration;

namespace Anovos.Mlflow.Outputs;

/// <summary>Collects the files of an output.</summary>
internal sealed class ScanRow
{
    private readonly List<OutputFile> _files = [];

    /// <summary>Creates a row for an output of the plan.</summary>
    public ScanRow(AnovosOutput output)
    {
        Output = output;
        Path = output.IsRemote ? null : InUse(output);
    }

    /// <summary>The output in the plan.</summary>
    public AnovosOutput Output { get; }

    /// <summary>The file or folder to search: the path for the run if it exists; null if the output is not on this machine.</summary>
    public string? Path { get; }

    /// <summary>Whether the file or folder exists.</summary>
    public bool Exists { get; set; }

    /// <summary>The errors of files that could not be read.</summary>
    public List<string> Errors { get; } = [];

    /// <summary>Adds a file below the path, or the path itself.</summary>
    public void Add(FileInfo file)
    {
        try
        {
            string relative = Output.IsFile ? file.Name : Relative(file.FullName);
            string artifact = Output.ArtifactPath is { Length: > 0 } folder ? $"{folder}/{relative}" : relative;
            long length = (FileLinks.Follow(file) ?? throw new FileNotFoundException("it is a broken link")).Length;
            _files.Add(new OutputFile(file.FullName, artifact, length) { Tracked = Output.Tracked, Reason = Output.Reason });
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            Errors.Add($"{file.FullName} cannot be read: {exception.Message}");
        }
    }

    /// <summary>Returns the result, with the files in order.</summary>
    public ScannedOutput ToResult() => new()
    {
        Output = Output,
        Path = Path ?? Output.Path,
        Exists = Exists,
        Files = _files.OrderBy(file => file.ArtifactPath, StringComparer.Ordinal).ToList(),
        Errors = Errors,
        OtherRuns = Exists && _files.Count > 0 ? [] : OtherRuns(),
    };

    private IReadOnlyList<string> OtherRuns()
    {
        string? folder = Path is null || Output.IsRemote ? null : Output.IsFile ? System.IO.Path.GetDirectoryName(Output.Path)
            : Output.Path;
        if (!Directory.Exists(folder))
            return [];
        try
        {
            return
            [
                .. new DirectoryInfo(folder).EnumerateDirectories()
                    .Where(run => OutputScan.RunId.IsMatch(run.Name) && (!Output.IsFile || File.Exists(FileIn(run))))
                    .OrderByDescending(run => run.LastWriteTimeUtc).Select(run => run.Name),
            ];
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return [];
        }

        string FileIn(DirectoryInfo run) => System.IO.Path.Combine(run.FullName, System.IO.Path.GetFileName(Output.Path!));
    }

    private string Relative(string path)
    {
        char separator = System.IO.Path.DirectorySeparatorChar;
        return path.Substring(Path!.Length).TrimStart(separator).Replace(separator, '/');
    }

    private static string? InUse(AnovosOutput output)
    {
        string? runFolder = output.IsFile ? System.IO.Path.GetDirectoryName(output.RunPath) : output.RunPath;
        return runFolder is not null && Directory.Exists(runFolder) ? output.RunPath : output.Path;
    }
}
