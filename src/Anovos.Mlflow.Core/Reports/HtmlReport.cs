using System.IO.Compression;
using System.Text;
using Anovos.Mlflow.Artifacts;

namespace Anovos.Mlflow.Reports;

/// <summary>An HTML report among a run's files, such as the one that Anovos writes.</summary>
/// <param name="ArtifactPath">The artifact path.</param>
/// <param name="Length">The length, in bytes.</param>
internal sealed record HtmlReport(string ArtifactPath, long Length)
{
    // For all runs together, so that a browser can handle the page.
    private const long MostBytes = 64L << 20;

    /// <summary>A gzip copy of the report; null if there is none.</summary>
    public byte[]? Copy { get; private init; }

    /// <summary>Why there is no copy, as the end of a sentence; null if there is one.</summary>
    public string? WhyNot { get; private init; }

    /// <summary>Returns a report with a copy of its content.</summary>
    public static HtmlReport Of(string artifactPath, string html)
    {
        using var content = new MemoryStream(Encoding.UTF8.GetBytes(html));
        return new HtmlReport(artifactPath, content.Length) { Copy = Compress(content) };
    }

    /// <summary>Returns the reports among the files, with copies of those that are not too large.</summary>
    /// <param name="store">The run's artifact store.</param>
    /// <param name="files">The run's files.</param>
    /// <param name="maximumLength">The maximum length of a report that is copied, in bytes.</param>
    /// <param name="runs">The number of runs that share the available space.</param>
    /// <param name="cancellationToken">Cancels the operation.</param>
    public static async Task<IReadOnlyList<HtmlReport>> ReadAsync(IArtifactStore store, IReadOnlyList<Artifact> files, long maximumLength, int runs, CancellationToken cancellationToken)
    {
        List<HtmlReport> reports = [];
        long room = MostBytes / runs;
        foreach (Artifact file in files.Where(IsHtml))
        {
            var report = new HtmlReport(file.ArtifactPath, file.Length ?? 0);
            if (report.Length > maximumLength)
                report = report with { WhyNot = "larger than the limit for copies in a report (-MaximumLength)" };
            else if (report.Length > room)
                report = report with { WhyNot = $"more than {MostBytes >> 20} MiB of such reports in total" };
            else
                report = await report.ReadAsync(store, cancellationToken).ConfigureAwait(false);
            room -= report.Copy is null ? 0 : report.Length;
            reports.Add(report);
        }

        return reports;
    }

    private async Task<HtmlReport> ReadAsync(IArtifactStore store, CancellationToken cancellationToken)
    {
        // A server may list one length and send another.
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        using var content = new MemoryStream();
        long received = 0;
        try
        {
            await store.ReceiveAsync(ArtifactPath, content, Count, stop.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return this with { WhyNot = "larger than its store reports" };
        }
        catch (MlflowException e)
        {
            return this with { WhyNot = e.Message };
        }

        return this with { Copy = Compress(content) };

        void Count(long bytes)
        {
            if (Interlocked.Add(ref received, bytes) > Length)
                stop.Cancel();
        }
    }

    private static byte[] Compress(MemoryStream content)
    {
        using var compressed = new MemoryStream();
        using (var gzip = new GZipStream(compressed, CompressionLevel.Optimal, leaveOpen: true))
            content.WriteTo(gzip);
        return compressed.ToArray();
    }

    private static bool IsHtml(Artifact file) =>
        file.ArtifactPath.EndsWith(".html", StringComparison.OrdinalIgnoreCase) || file.ArtifactPath.EndsWith(".htm", StringComparison.OrdinalIgnoreCase);
}
