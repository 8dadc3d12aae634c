using System.Text.Json;
using Anovos.Mlflow.Http;

namespace Anovos.Mlflow.Artifacts;

/// <summary>Reads responses of MLflow's artifact service.</summary>
internal static class ArtifactResponses
{
    private const int BufferBytes = 1 << 17;

    /// <summary>Writes the body to a stream.</summary>
    /// <exception cref="MlflowException">The response ended early.</exception>
    public static async Task CopyAsync(
        HttpResponseMessage response, Uri server, ConnectionOptions options, Stream target, Action<long> received, CancellationToken cancellationToken)
    {
        byte[] buffer = new byte[BufferBytes];
        using Stream body = await response.Content.ReadAsStreamAsync().ConfigureAwait(false);
        while (true)
        {
            int read;
            try
            {
                read = await body.ReadAsync(buffer, 0, buffer.Length, cancellationToken).ConfigureAwait(false);
            }
            catch (Exception e) when (e is IOException or HttpRequestException or InvalidDataException && !cancellationToken.IsCancellationRequested)
            {
                // The response ended early. Errors of the target are not caught here, because they are not transient.
                throw ConnectionErrors.From(e, server, options);
            }

            if (read == 0)
                return;
            await target.WriteAsync(buffer, 0, read, cancellationToken).ConfigureAwait(false);
            received(read);
        }
    }

    /// <summary>Reads the entries of a listing.</summary>
    /// <exception cref="MlflowException">The response is not a listing.</exception>
    public static IReadOnlyList<Artifact> ReadList(JsonElement response, Uri server, string folder)
    {
        try
        {
            return response.TryGetProperty("files", out JsonElement files) ? [.. files.EnumerateArray().Select(entry => Read(entry, folder))] : [];
        }
        catch (Exception e) when (e is InvalidOperationException or KeyNotFoundException or FormatException or OverflowException)
        {
            throw new MlflowException(ErrorKind.NotAnMlflowServer, $"{server.GetLeftPart(UriPartial.Path).TrimEnd('/')} did not return a list of artifacts as an MLflow server does. Check the path of the tracking URI.", e) { Target = folder };
        }
    }

    /// <summary>Whether the artifact is missing. MLflow 2 returns 500 then, and only the text shows that a retry is useless.</summary>
    public static bool IsMissing(HttpResponseMessage response, string body) =>
        response.RequestMessage?.Method == HttpMethod.Get && (int)response.StatusCode == 500
        && (body.Contains("No such file or directory") || body.Contains("No such artifact"));

    private static Artifact Read(JsonElement entry, string folder)
    {
        string name = entry.GetProperty("path").GetString() ?? "";
        bool isDirectory = entry.TryGetProperty("is_dir", out JsonElement isDir) && isDir.GetBoolean();

        // proto3 leaves out the size of an empty file.
        long length = entry.TryGetProperty("file_size", out JsonElement size)
            ? size.ValueKind == JsonValueKind.String ? long.Parse(size.GetString()!, System.Globalization.CultureInfo.InvariantCulture) : size.GetInt64()
            : 0;
        return new Artifact(ArtifactPath.Join(folder, name), isDirectory, isDirectory ? null : length);
    }
}
