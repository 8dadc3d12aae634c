using System.Globalization;
using Anovos.Mlflow.Artifacts;
using Anovos.Mlflow.Configuration;
using Anovos.Mlflow.Databricks;
using Anovos.Mlflow.Http;
using Anovos.Mlflow.Tables;

namespace Anovos.Mlflow.Jobs;

/// <summary>Downloads the tables of statistics that a workflow wrote on a cluster, if they are in the Databricks file system or a volume.</summary>
/// <param name="api">The workspace.</param>
/// <param name="folder">The target folder on this machine.</param>
internal sealed class ClusterTables(RestApi api, string folder)
{
    private const string Dbfs = "/dbfs/", Volumes = "/Volumes/";

    // A table of statistics has a row for each attribute.
    private const long MaximumBytes = 64 << 20;

    private int _outputs;
    private readonly List<string> _files = [];
    private readonly List<string> _warnings = [];
    private readonly HashSet<string> _seen = new(StringComparer.Ordinal);

    /// <summary>Downloads the tables of tracked outputs.</summary>
    public async Task<Workflow.FetchedTables> FetchAsync(AnovosPlan plan, CancellationToken cancellationToken)
    {
        foreach (AnovosOutput output in plan.Outputs.Where(output => output.Tracked && output.Path is not null && output.Kind is OutputKind.Statistic or OutputKind.Report))
        {
            // A workflow that has joined the run writes into a folder of the run.
            int before = _files.Count;
            foreach (string path in new[] { output.RunPath, output.Path }.Where(path => path is not null).Select(path => ToCluster(path!)).Distinct())
            {
                if (_files.Count == before && _seen.Add(path))
                    await FetchAsync(output, path, cancellationToken).ConfigureAwait(false);
            }
        }

        return new Workflow.FetchedTables(_files, _warnings);
    }

    private async Task FetchAsync(AnovosOutput output, string path, CancellationToken cancellationToken)
    {
        int slash = path.LastIndexOf('/');
        string parent = output.IsFile ? path.Substring(0, slash) : path;
        using IArtifactStore? store = Open(parent);
        if (store is null)
        {
            _warnings.Add($"{path} is on the cluster, which this machine cannot reach: its statistics are not logged as metrics of the run. Write them to dbfs: or /Volumes.");
            return;
        }

        // Each output gets a folder with the same name: the folder's name determines the table of its part files.
        string place = Path.Combine((++_outputs).ToString(CultureInfo.InvariantCulture), ToCluster(output.Path!).Split('/').Last());
        foreach (Artifact file in await store.ListAsync("", cancellationToken).ConfigureAwait(false))
        {
            bool isWanted = !file.IsDirectory && TableFile.IsTable(file.ArtifactPath)
                && (!output.IsFile || file.ArtifactPath == path.Substring(slash + 1));
            if (!isWanted)
                continue;
            if (file.Length > MaximumBytes || ArtifactPath.Normalize(file.ArtifactPath).Contains('/'))
                _warnings.Add($"{path}: {file.ArtifactPath} was not read because it is larger than {MaximumBytes >> 20} MiB.");
            else
                await ReceiveAsync(store, parent, file.ArtifactPath, place, cancellationToken).ConfigureAwait(false);
        }
    }

    private async Task ReceiveAsync(IArtifactStore store, string parent, string name, string place, CancellationToken cancellationToken)
    {
        string target = new DestinationFolder(Path.Combine(folder, place)).PathFor(name);
        Directory.CreateDirectory(Path.GetDirectoryName(target)!);
        using FileStream stream = new(target, FileMode.Create, FileAccess.ReadWrite);
        await store.ReceiveAsync(name, stream, _ => { }, cancellationToken).ConfigureAwait(false);
        _files.Add(target);
        _seen.Add($"{parent}/{name}");
    }

    private IArtifactStore? Open(string path) =>
        path.StartsWith(Dbfs, StringComparison.Ordinal) ? new DbfsArtifactStore(api, path.Substring(Dbfs.Length - 1))
        : path.StartsWith(Volumes, StringComparison.Ordinal) ? new VolumeArtifactStore(api, path)
        : null;

    // The path on the driver, independent of this machine's operating system.
    private static string ToCluster(string path)
    {
        string local = path.Replace('\\', '/');
        local = local.Length > 2 && local[1] == ':' ? local.Substring(2) : local;
        return local.StartsWith("/dbfs/Volumes/", StringComparison.Ordinal) ? local.Substring(Dbfs.Length - 1) : local;
    }
}
