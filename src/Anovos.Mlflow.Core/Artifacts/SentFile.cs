using System.Text.Json;

namespace Anovos.Mlflow.Artifacts;

/// <summary>A file as it was when it was sent.</summary>
/// <param name="ArtifactPath">Its path under the run's artifact root.</param>
/// <param name="Path">Its location: a full path, or a URI.</param>
/// <param name="Length">The length in bytes.</param>
/// <param name="Written">Ticks of the last write, UTC.</param>
/// <param name="Sha256">The hash of its bytes; null if a bucket copied them by itself.</param>
/// <param name="Sent">Ticks of the start of the upload, UTC.</param>
public sealed record SentFile(string ArtifactPath, string Path, long Length, long Written, string? Sha256, long Sent)
{
    /// <summary>The ETag that its bucket gave this content; null for a local file.</summary>
    public string? ETag { get; init; }

    /// <summary>Writes it as a JSON object. Not by reflection, which would take longer than sending the first file.</summary>
    internal void WriteTo(Utf8JsonWriter json)
    {
        json.WriteStartObject();
        json.WriteString(nameof(ArtifactPath), ArtifactPath);
        json.WriteString(nameof(Path), Path);
        json.WriteNumber(nameof(Length), Length);
        json.WriteNumber(nameof(Written), Written);
        json.WriteString(nameof(Sha256), Sha256);
        json.WriteNumber(nameof(Sent), Sent);
        json.WriteString(nameof(ETag), ETag);
        json.WriteEndObject();
    }

    /// <summary>Parses a line; null if it is incomplete, or from another version.</summary>
    internal static SentFile? Parse(string line)
    {
        try
        {
            using var document = JsonDocument.Parse(line);
            JsonElement file = document.RootElement;
            return file.GetProperty(nameof(ArtifactPath)).GetString() is { } artifactPath && file.GetProperty(nameof(Path)).GetString() is { } path
                ? new SentFile(artifactPath, path, Number(nameof(Length)), Number(nameof(Written)), Text(nameof(Sha256)), Number(nameof(Sent))) { ETag = Text(nameof(ETag)) }
                : null;

            long Number(string name) => file.GetProperty(name).GetInt64();

            string? Text(string name) => file.TryGetProperty(name, out JsonElement text) ? text.GetString() : null;
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or KeyNotFoundException or FormatException)
        {
            return null;
        }
    }
}
