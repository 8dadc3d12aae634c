using System.Security.Cryptography;

namespace Anovos.Mlflow.TestServer;

/// <summary>An artifact stored on the server.</summary>
public sealed class StoredArtifact
{
    private readonly Lazy<string> _sha256;

    internal StoredArtifact(string file, string? sha256 = null)
    {
        File = file;
        _sha256 = new Lazy<string>(() => sha256 ?? HashOf(file));
    }

    /// <summary>The file on this machine that holds the content.</summary>
    public string File { get; }

    /// <summary>The length in bytes.</summary>
    public long Length => new FileInfo(File).Length;

    /// <summary>The SHA-256 of the content, in lower-case hex.</summary>
    public string Sha256 => _sha256.Value;

    /// <summary>The content.</summary>
    public byte[] Bytes => System.IO.File.ReadAllBytes(File);

    private static string HashOf(string file)
    {
        using var stream = System.IO.File.OpenRead(file);
        return Convert.ToHexStringLower(SHA256.HashData(stream));
    }
}
