using System.Text.RegularExpressions;
using Anovos.Mlflow.Artifacts;
using Anovos.Mlflow.Configuration;

namespace Anovos.Mlflow.Outputs;

/// <summary>
/// Finds the files of a plan's outputs on this machine. Each file belongs to one output: the output that names the file, otherwise
/// the output with the deepest folder around it. If several outputs have that folder, the first one gets the file.
/// </summary>
public sealed class OutputScan
{
    // Folders with such names hold the outputs of another run.
    internal static readonly Regex RunId = new("^[0-9a-f]{32}\\z", RegexOptions.CultureInvariant);

    private readonly Dictionary<string, ScanRow> _files = new(OutputPath.Comparer);
    private readonly Dictionary<string, ScanRow> _folders = new(OutputPath.Comparer);
    private readonly HashSet<string> _visited = new(OutputPath.Comparer);
    private readonly bool _checksums;
    private readonly CancellationToken _cancellationToken;

    private OutputScan(bool checksums, CancellationToken cancellationToken)
    {
        _checksums = checksums;
        _cancellationToken = cancellationToken;
    }

    /// <summary>Finds the files of each output, in the order of the plan. Symbolic links to folders are not followed.</summary>
    /// <param name="plan">The plan.</param>
    /// <param name="includeChecksums">Whether to include Hadoop's hidden checksum files (<c>.part-….crc</c>).</param>
    /// <param name="cancellationToken">Cancels the search.</param>
    public static IReadOnlyList<ScannedOutput> Of(
        AnovosPlan plan, bool includeChecksums = false, CancellationToken cancellationToken = default)
    {
        var scan = new OutputScan(includeChecksums, cancellationToken);
        List<ScanRow> rows = plan.Outputs.Select(output => new ScanRow(output)).ToList();
        foreach (ScanRow row in rows)
            scan.Register(row);

        // Outer folders first: they walk the inner folders too, and assign the files there to the inner outputs.
        foreach (string folder in scan._folders.Keys.OrderBy(folder => folder.Length))
            scan.Walk(folder);
        return rows.Select(row => row.ToResult()).ToList();
    }

    private void Register(ScanRow row)
    {
        if (row.Path is not { } path)
            return;

        Dictionary<string, ScanRow> claims = row.Output.IsFile ? _files : _folders;
        row.Exists = row.Output.IsFile ? File.Exists(path) : Directory.Exists(path);
        if (!row.Exists || claims.ContainsKey(path))
            return;

        claims.Add(path, row);
        if (row.Output.IsFile)
            row.Add(new FileInfo(path));
    }

    private void Walk(string root)
    {
        var pending = new Stack<(string Folder, ScanRow Owner)>();
        pending.Push((root, _folders[root]));
        while (pending.Count > 0)
        {
            (string folder, ScanRow owner) = pending.Pop();
            owner = _folders.TryGetValue(folder, out ScanRow? own) ? own : owner;
            if (!_visited.Add(folder))
                continue;

            try
            {
                foreach (FileSystemInfo entry in new DirectoryInfo(folder).EnumerateFileSystemInfos())
                {
                    _cancellationToken.ThrowIfCancellationRequested();
                    if (PartialFile.IsOwn(entry.Name))
                        continue;
                    if (entry is FileInfo file)
                        Take(file, owner);
                    else if (!IsLink(entry) && !(own is not null && RunId.IsMatch(entry.Name)))
                        pending.Push((entry.FullName, owner));
                }
            }
            catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
            {
                owner.Errors.Add($"{folder} cannot be read: {exception.Message}");
            }
        }
    }

    private void Take(FileInfo file, ScanRow owner)
    {
        bool checksum = file.Name.StartsWith(".", StringComparison.Ordinal) && file.Name.EndsWith(".crc", StringComparison.Ordinal);
        if ((checksum && !_checksums) || _files.ContainsKey(file.FullName))
            return;
        if (SpecialFiles.Describe(file.FullName) is { } special)
            owner.Errors.Add($"{file.FullName} is {special} and is not sent.");
        else
            owner.Add(file);
    }

    private static bool IsLink(FileSystemInfo entry) =>
#if NET
        entry.LinkTarget is not null;
#else
        (entry.Attributes & FileAttributes.ReparsePoint) != 0;
#endif
}
