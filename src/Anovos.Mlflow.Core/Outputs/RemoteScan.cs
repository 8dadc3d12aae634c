using System.Text.RegularExpressions;
using Anovos.Mlflow.Artifacts;
using Anovos.Mlflow.Cloud;
using Anovos.Mlflow.Configuration;

namespace Anovos.Mlflow.Outputs;

/// <summary>Finds the objects of outputs in buckets, by the rules of <see cref="OutputScan"/>.</summary>
/// <param name="sources">The buckets.</param>
/// <param name="includeChecksums">Whether to include Hadoop's hidden checksum files (<c>.part-….crc</c>).</param>
public sealed class RemoteScan(BucketSources sources, bool includeChecksums = false)
{
    // Objects of other runs, and the objects that EMR creates for folders.
    private static readonly Regex NotOurs = new("^[0-9a-f]{32}/|(^|/)[^/]*_\\$folder\\$\\z|/\\z", RegexOptions.CultureInvariant);
    private static readonly Regex Checksum = new("(^|/)\\.[^/]*\\.crc\\z", RegexOptions.CultureInvariant);

    /// <summary>Returns the rows, with the objects of outputs in buckets. If listing fails, the row has an error.</summary>
    /// <param name="outputs">The rows of <see cref="OutputScan"/>.</param>
    /// <param name="all">True to find the objects of all outputs; false for tracked outputs only.</param>
    /// <param name="cancellationToken">Cancels the operation.</param>
    public async Task<IReadOnlyList<ScannedOutput>> FillAsync(IReadOnlyList<ScannedOutput> outputs, bool all, CancellationToken cancellationToken)
    {
        ScannedOutput[] rows = [.. outputs];
        int[] remote = [.. Enumerable.Range(0, rows.Length).Where(i => rows[i].Output is { IsRemote: true, Path: { } path } && Buckets.Speaks(path) && (all || rows[i].Tracked))];
        await ParallelWork.RunAsync(remote, ParallelWork.DefaultParallelism, async (i, token) => rows[i] = await FindAsync(rows[i].Output, token).ConfigureAwait(false), cancellationToken).ConfigureAwait(false);

        // A file belongs to the output that names it, otherwise to the output with the deepest folder around it, otherwise to the first.
        var owners = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (int i in remote.OrderByDescending(i => rows[i].Output.IsFile).ThenByDescending(i => rows[i].Path!.Length).ThenBy(i => i))
        {
            foreach (OutputFile file in rows[i].Files.Where(file => !owners.ContainsKey(file.FullPath)))
                owners.Add(file.FullPath, i);
        }

        foreach (int i in remote)
            rows[i] = rows[i].With(rows[i].Files.Where(file => owners[file.FullPath] == i));
        return rows;
    }

    private async Task<ScannedOutput> FindAsync(AnovosOutput output, CancellationToken cancellationToken)
    {
        try
        {
            foreach (string path in new[] { output.RunPath, output.Path }.OfType<string>().Distinct())
            {
                if (await ListAsync(output, path, cancellationToken).ConfigureAwait(false) is { Count: > 0 } files)
                    return new ScannedOutput { Output = output, Path = path, Exists = true, Files = files, Errors = [] };
            }

            return new ScannedOutput { Output = output, Path = output.Path, Files = [], Errors = [] };
        }
        catch (MlflowException e)
        {
            return new ScannedOutput { Output = output, Path = output.Path, Files = [], Errors = [$"{output.Path} cannot be listed: {e.Message}"] };
        }
    }

    private async Task<IReadOnlyList<OutputFile>> ListAsync(AnovosOutput output, string path, CancellationToken cancellationToken)
    {
        (IBucket bucket, string key) = sources.Open(path);
        string root = path.Substring(0, path.Length - key.Length), folder = output.IsFile ? key.Substring(0, key.LastIndexOf('/') + 1) : key.Length == 0 ? "" : key + "/";
        IEnumerable<OutputFile> found = from item in await bucket.ListAsync(output.IsFile ? key : folder, recursive: true, cancellationToken).ConfigureAwait(false)
                                        let relative = item.Key.Substring(folder.Length)
                                        where output.IsFile ? item.Key == key : relative.Length > 0 && !NotOurs.IsMatch(relative) && (includeChecksums || !Checksum.IsMatch(relative))
                                        select new OutputFile(root + item.Key, Artifacts.ArtifactPath.Join(output.ArtifactPath ?? "", relative), item.Length) { Tracked = output.Tracked, Reason = output.Reason, WrittenUtc = item.WrittenUtc, ETag = item.ETag, Md5 = item.Md5 };
        return [.. found.OrderBy(file => file.ArtifactPath, StringComparer.Ordinal)];
    }
}
