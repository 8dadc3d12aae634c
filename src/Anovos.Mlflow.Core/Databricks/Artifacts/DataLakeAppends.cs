using System.Globalization;
using Anovos.Mlflow.Artifacts;

namespace Anovos.Mlflow.Databricks;

/// <summary>
/// Uploads a file to Azure Data Lake Storage with a presigned URL (<c>AZURE_ADLS_GEN2_SAS_URI</c>): creates it, appends parts at their
/// positions, and commits them with a flush.
/// </summary>
internal sealed class DataLakeAppends(PresignedUrlClient storage, PresignedFile file) : IMultipartTarget
{
    public async Task<StartedUpload?> TryCreateAsync(string path, IReadOnlyList<FilePart> parts, CancellationToken cancellationToken)
    {
        await CallAsync(HttpMethod.Put, "resource=file", cancellationToken).ConfigureAwait(false);
        return new StartedUpload(null);
    }

    public bool CanResume(string path, CreatedUpload created) => true;

    public Task<UploadedPart> UploadPartAsync(string path, CreatedUpload created, FilePart part, Action<long> moved, CancellationToken cancellationToken) =>
        SendAsync(new FileInfo(created.Path), part, "", moved, cancellationToken);

    public Task CompleteAsync(
        string path,
        CreatedUpload created,
        IReadOnlyList<UploadedPart> parts,
        ArtifactContent content,
        bool isRepeated,
        CancellationToken cancellationToken) =>
        CallAsync(Patch, FormattableString.Invariant($"action=flush&position={created.Length}"), cancellationToken);

    // Azure removes unflushed data after a week.
    public Task TryAbortAsync(string path, CreatedUpload created, CancellationToken cancellationToken) => Task.CompletedTask;

    /// <summary>Uploads a small file.</summary>
    public async Task<ArtifactContent> SendWholeAsync(FileInfo source, FilePart whole, Action<long> moved, CancellationToken cancellationToken)
    {
        await CallAsync(HttpMethod.Put, "resource=file", cancellationToken).ConfigureAwait(false);
        return new ArtifactContent(whole.Length, whole.Length == 0 ? HashingStream.EmptyHash : (await SendAsync(source, whole, "&flush=true", moved, cancellationToken).ConfigureAwait(false)).Sha256);
    }

    public void Dispose()
    {
    }

    private static HttpMethod Patch { get; } = new("PATCH");

    // All headers of the presigned URL, except blob headers, which this protocol rejects.
    private static bool IsForFiles(string name) =>
        name.ToLowerInvariant() is var lower
        && !lower.StartsWith("x-ms-blob-", StringComparison.Ordinal)
        && !lower.StartsWith("x-ms-meta-", StringComparison.Ordinal);

    private Task<UploadedPart> SendAsync(FileInfo source, FilePart part, string more, Action<long> moved, CancellationToken cancellationToken) =>
        file.RunAsync(
            address => storage.SendAsync(Patch, address.WithQuery($"action=append&position={part.Offset.ToString(CultureInfo.InvariantCulture)}{more}", IsForFiles), source, part, moved, cancellationToken),
            cancellationToken);

    private Task CallAsync(HttpMethod method, string query, CancellationToken cancellationToken) =>
        file.RunAsync(address => storage.CallAsync(method, address.WithQuery(query, IsForFiles), body: null, cancellationToken), cancellationToken);
}
