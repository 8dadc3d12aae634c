using System.Runtime.InteropServices;

namespace Anovos.Mlflow.Artifacts;

/// <summary>Bytes that can be sent: a file of this machine, an object in a bucket, or a text that was made here.</summary>
public abstract class ArtifactSource
{
    private const int BufferBytes = 1 << 20;

    /// <summary>The full path, or the URI.</summary>
    public abstract string Location { get; }

    /// <summary>Bytes, as there were when this was made; zero for what was not there.</summary>
    public abstract long Length { get; }

    /// <summary>What tells whether it changed.</summary>
    internal abstract FileState State { get; }

    /// <summary>The bytes, from their beginning. What comes from afar fails where it is not what <see cref="State"/> says.</summary>
    internal abstract Task<Stream> OpenAsync(CancellationToken cancellationToken);

    /// <summary>Reads it all and hashes it.</summary>
    internal async Task<ArtifactContent> MeasureAsync(CancellationToken cancellationToken)
    {
        using Stream source = await OpenAsync(cancellationToken).ConfigureAwait(false);
        using var meter = new HashingStream(Stream.Null, long.MaxValue);
        await source.CopyToAsync(meter, BufferBytes, cancellationToken).ConfigureAwait(false);
        return meter.Finish();
    }

    /// <inheritdoc/>
    public override string ToString() => Location;
}

/// <summary>
/// A file of this machine; that to which it leads, where it is a link. A hundred thousand of them fit into memory: the full path is
/// put together when it is wanted.
/// </summary>
/// <param name="root">The full path of the folder that was looked through; that of the file where there is no relative one.</param>
/// <param name="relativePath">Its path from there, with slashes.</param>
/// <param name="length">Bytes.</param>
public sealed class FileSource(string root, string relativePath, long length) : ArtifactSource
{
    /// <summary>A file that is looked at now.</summary>
    public FileSource(FileInfo file)
        : this(file.FullName, "", FileLinks.Follow(file) is { Exists: true } content ? content.Length : 0)
    {
    }

    /// <summary>The file.</summary>
    public FileInfo File => new(Location);

    /// <summary>Its path from the folder that was looked through, with slashes; empty for a file of its own.</summary>
    public string RelativePath => relativePath;

    /// <inheritdoc/>
    public override string Location => Path.Combine(root, relativePath.Replace('/', Path.DirectorySeparatorChar));

    /// <inheritdoc/>
    public override long Length => length;

    internal override FileState State => FileState.Of(File);

    // Who reads it reads in large blocks; a second buffer would only copy. Windows alone reads files without a thread that waits.
    internal override Task<Stream> OpenAsync(CancellationToken cancellationToken) =>
        Task.FromResult<Stream>(new FileStream(Location, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, bufferSize: 1, useAsync: RuntimeInformation.IsOSPlatform(OSPlatform.Windows)));
}

/// <summary>Bytes that were made here and lie in no file.</summary>
internal sealed class BytesSource(string location, byte[] bytes) : ArtifactSource
{
    public override string Location => location;

    public override long Length => bytes.Length;

    internal override FileState State { get; } = new(bytes.Length, 0) { ETag = Hash(bytes) };

    internal override Task<Stream> OpenAsync(CancellationToken cancellationToken) => Task.FromResult<Stream>(new MemoryStream(bytes, writable: false));

    private static string Hash(byte[] bytes)
    {
        using var meter = new HashingStream(Stream.Null, long.MaxValue);
        meter.Write(bytes, 0, bytes.Length);
        return meter.Finish().Sha256;
    }
}
