namespace Anovos.Mlflow.Configuration;

/// <summary>Reads a workflow file's bytes, never more than a workflow can have.</summary>
internal static class ConfigFile
{
    /// <summary>Bytes beyond which a file is refused unread.</summary>
    public const int MaxBytes = 10 * 1024 * 1024;

    /// <summary>The bytes of a file.</summary>
    /// <exception cref="MlflowException">
    /// <see cref="ErrorKind.ConfigNotFound"/> when it cannot be read, <see cref="ErrorKind.ConfigInvalid"/> when it is too large.
    /// </exception>
    public static byte[] Read(string path, CancellationToken cancellationToken)
    {
        if (Directory.Exists(path))
            throw NotFound(path, "This is a folder.", "Name the workflow file in it.");

        // Opening a pipe waits for whoever writes to it; the caller must not, once cancelled.
        Task<byte[]> reading = Task.Run(() => Open(path), cancellationToken);
        Task.WaitAny([reading], cancellationToken);
        return reading.GetAwaiter().GetResult();
    }

    /// <summary>The bytes of a stream to its end; the path is for messages.</summary>
    /// <exception cref="MlflowException"><see cref="ErrorKind.ConfigInvalid"/> when there are too many.</exception>
    public static byte[] Read(Stream stream, string path)
    {
        if (stream.CanSeek && stream.Length > MaxBytes)
            throw TooLarge(path, $"{stream.Length} bytes");

        using var bytes = new MemoryStream();
        var buffer = new byte[81_920];
        int count;
        while ((count = stream.Read(buffer, 0, buffer.Length)) > 0)
        {
            bytes.Write(buffer, 0, count);
            if (bytes.Length > MaxBytes)
                throw TooLarge(path, "more");
        }

        return bytes.ToArray();
    }

    /// <summary>The path in full.</summary>
    /// <exception cref="MlflowException"><see cref="ErrorKind.ConfigNotFound"/> when it is no path.</exception>
    public static string FullPath(string path)
    {
        try
        {
            return Path.GetFullPath(path);
        }
        catch (Exception exception) when (exception is ArgumentException or NotSupportedException or PathTooLongException)
        {
            throw NotFound(path, "This is not the path of a file.", "Check its characters and its length.", exception);
        }
    }

    private static byte[] Open(string path)
    {
        try
        {
            using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            return Read(stream, path);
        }
        catch (Exception exception) when (exception is FileNotFoundException or DirectoryNotFoundException)
        {
            throw NotFound(path, "There is no such file.", "Check the path and the current folder.", exception);
        }
        catch (UnauthorizedAccessException exception)
        {
            throw NotFound(path, "You have no right to read this file.",
                "Ask its owner for it, or check which account this runs under.", exception);
        }
        catch (IOException exception)
        {
            throw NotFound(path, $"The file cannot be read: {exception.Message}", "Is another program holding it?", exception);
        }
    }

    private static MlflowException NotFound(string path, string message, string advice, Exception? inner = null) =>
        new(ErrorKind.ConfigNotFound, $"{path}: {message} {advice}", inner) { Target = path };

    private static MlflowException TooLarge(string path, string size) => new(ErrorKind.ConfigInvalid,
        $"{path}:1:1: A workflow file has at most {MaxBytes} bytes, and this one has {size}. Is this the right file?")
    { Target = path };
}
