using System.Globalization;
using System.Text;
using Anovos.Mlflow.Artifacts;

namespace Anovos.Mlflow.Databricks;

/// <summary>Uploads an Azure block blob with a presigned URL (<c>AZURE_SAS_URI</c>): Put Block per part, then Put Block List.</summary>
internal sealed class AzureBlocks(PresignedUrlClient storage, PresignedFile file) : IMultipartTarget
{
    public Task<StartedUpload?> TryCreateAsync(string path, IReadOnlyList<FilePart> parts, CancellationToken cancellationToken) =>
        Task.FromResult<StartedUpload?>(new StartedUpload(null));

    public bool CanResume(string path, CreatedUpload created) => true;

    public Task<UploadedPart> UploadPartAsync(string path, CreatedUpload created, FilePart part, Action<long> moved, CancellationToken cancellationToken) =>
        file.RunAsync(
            address => storage.SendAsync(HttpMethod.Put, address.WithQuery($"comp=block&blockid={Uri.EscapeDataString(BlockId(part.Number))}", IsForBlocks), new FileInfo(created.Path), part, moved, cancellationToken),
            cancellationToken);

    public Task CompleteAsync(
        string path,
        CreatedUpload created,
        IReadOnlyList<UploadedPart> parts,
        ArtifactContent content,
        bool isRepeated,
        CancellationToken cancellationToken)
    {
        string blocks = string.Concat(parts.Select(part => $"<Latest>{BlockId(part.Number)}</Latest>"));
        return file.RunAsync(
            address => storage.CallAsync(HttpMethod.Put, address.WithQuery("comp=blocklist", name => !IsBlobType(name)), () => new StringContent($"<?xml version=\"1.0\" encoding=\"utf-8\"?><BlockList>{blocks}</BlockList>", Encoding.UTF8, "application/xml"), cancellationToken),
            cancellationToken);
    }

    // Azure removes uncommitted blocks after a week.
    public Task TryAbortAsync(string path, CreatedUpload created, CancellationToken cancellationToken) => Task.CompletedTask;

    public void Dispose()
    {
    }

    // All block ids must have the same length.
    private static string BlockId(int number) => Convert.ToBase64String(Encoding.ASCII.GetBytes(number.ToString("D8", CultureInfo.InvariantCulture)));

    // All headers of the presigned URL, except those for the whole blob, which are sent with the block list.
    private static bool IsForBlocks(string name) => !IsOfBlob(name) && !IsBlobType(name);

    private static bool IsBlobType(string name) => name.Equals("x-ms-blob-type", StringComparison.OrdinalIgnoreCase);

    private static bool IsOfBlob(string name) =>
        name.ToLowerInvariant() is var lower && (lower.StartsWith("x-ms-meta-", StringComparison.Ordinal) || lower is "x-ms-tags" or "x-ms-access-tier" || (lower.StartsWith("x-ms-blob-", StringComparison.Ordinal) && lower != "x-ms-blob-type"));
}
