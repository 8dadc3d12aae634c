namespace Anovos.Mlflow.Configuration;

/// <summary>Reads a workflow file's bytes, up to a maximum size.</summary>
internal static class ConfigFile
{
    /// <summary>The maximum size of a workflow file, in bytes. A larger file is rejected.</summary>
    public const int MaxBytes = 10 * 1024 * 1024;

    /// <summary>Reads the bytes of a file.</summary>
    /// <exception cref="MlflowException">
    /// <see cref="ErrorKind.ConfigNotFound"/> if it cannot be read, <see cref="ErrorKind.ConfigInvalid"/> if it is too large.
    /// </exception>
    public static byte[] Read(string path, CancellationToken cancellationToken)
    {
        if (Directory.Exists(path))
            throw NotFound(path, "This is a folder.", "Specify the workflow file in it.");

        // Opening a pipe waits for a writer. The caller must not wait for it once cancelled.
        Task<byte[]> reading = Task.Run(() => Open(path), cancellationToken);
        Task.WaitAny([reading], cancellationToken);
        return reading.GetAwaiter().GetResult();
    }

    /// <summary>Reads the bytes of a stream. The path is only used in messages.</summary>
    /// <exception cref="MlflowException"><see cref="ErrorKind.ConfigInvalid"/> if the stream is too long.</exception>
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

    /// <summary>Returns the full path.</summary>
    /// <exception cref="MlflowException"><see cref="ErrorKind.ConfigNotFound"/> if it is not a path.</exception>
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
            throw NotFound(path, "The file does not exist.", "Check the path and the current folder.", exception);
        }
        catch (UnauthorizedAccessException exception)
        {
            throw NotFound(path, "You do not have permission to read this file.",
                "Ask its owner for permission, or check which account this runs under.", exception);
        }
        catch (IOException exception)
        {
            throw NotFound(path, $"The file cannot be read: {exception.Message}", "Check whether another program is using it.", exception);
        }
    }

    private static MlflowException NotFound(string path, string message, string advice, Exception? inner = null) =>
        new(ErrorKind.ConfigNotFound, $"{path}: {message} {advice}", inner) { Target = path };

    private static MlflowException TooLarge(string path, string size) => new(ErrorKind.ConfigInvalid,
        $"{path}:1:1: A workflow file can have at most {MaxBytes} bytes, but this one has {size}. Is this the right file?")
    { Target = path };
}
