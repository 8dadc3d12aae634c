using System.Text;

namespace Anovos.Mlflow;

/// <summary>Reads and writes whole files that other processes read and write at the same time.</summary>
internal static class SharedFile
{
    private const int Attempts = 20;
    private const int PauseMilliseconds = 5;
    private const int BlockBytes = 1 << 16;
    private const byte LineEnd = (byte)'\n';

    /// <summary>UTF-8 without a byte order mark; invalid bytes become U+FFFD.</summary>
    public static readonly Encoding Utf8 = new UTF8Encoding(encoderShouldEmitUTF8Identifier: false);

    /// <summary>The text as it is read back after writing: half a surrogate pair is replaced.</summary>
    public static string Stored(string text) => Utf8.GetString(Utf8.GetBytes(text));

    /// <summary>Reads the file's current text.</summary>
    public static string Read(string path, CancellationToken cancellationToken = default)
    {
        using FileStream stream = Open(path, cancellationToken);
        var bytes = new byte[stream.Length];
        int count = 0;
        for (int read = 1; read > 0 && count < bytes.Length; count += read)
            read = stream.Read(bytes, count, bytes.Length - count);
        return Utf8.GetString(bytes, 0, count);
    }

    /// <summary>
    /// Reads a file in which every line must be terminated. If the last line is not, a writer is still busy, so this waits briefly.
    /// </summary>
    public static string ReadEnded(string path, CancellationToken cancellationToken = default)
    {
        string text = Read(path, cancellationToken);
        for (int attempt = 1; attempt < Attempts && !EndsLine(text) && IsFresh(path); attempt++)
        {
            Thread.Sleep(PauseMilliseconds);
            text = Read(path, cancellationToken);
        }

        return text;
    }

    /// <summary>
    /// Reads the lines of a file that grows by whole lines. An unterminated last line is incomplete: its writer is still busy, or was
    /// killed. It is skipped, because a truncated number parses as another number, and the writer never confirmed it.
    /// </summary>
    /// <param name="path">The file.</param>
    /// <param name="isWhole">Whether an unterminated last line that begins at this offset is complete; if omitted, it never is.</param>
    public static IEnumerable<string> ReadLines(string path, Func<long, bool>? isWhole = null)
    {
        using FileStream stream = Open(path, CancellationToken.None);
        var block = new byte[Math.Max(1, Math.Min(stream.Length, BlockBytes))];
        string? whole = null;
        for (int attempt = 1; ;)
        {
            long at = stream.Position;
            int count = stream.Read(block, 0, block.Length), start = 0;
            for (int end; (end = Array.IndexOf(block, LineEnd, start, count - start)) >= 0; start = end + 1)
                yield return Utf8.GetString(block, start, end - start);

            // The last line is read again from its beginning.
            stream.Position = at + start;
            if (start > 0)
                continue;
            if (count == 0)
                yield break;
            if (count == block.Length)
            {
                Array.Resize(ref block, 2 * block.Length);
                continue;
            }

            // The line is unchanged since the check. If its writer had just finished, there would be more by now.
            string last = Utf8.GetString(block, 0, count);
            if (last == whole)
            {
                yield return last;
                yield break;
            }

            whole = isWhole?.Invoke(at) == true ? last : null;
            if (whole is not null)
                continue;
            if (attempt++ >= Attempts)
                yield break;
            Thread.Sleep(PauseMilliseconds);
        }
    }

    // Removing the last key of a folder removes the folder, on Windows only after its last reader closes it.
    private static void PutInPlace(string temporary, string path, CancellationToken cancellationToken)
    {
        for (int attempt = 1; ; attempt++)
        {
            try
            {
                AtomicFile.Replace(temporary, path, cancellationToken);
                return;
            }
            catch (DirectoryNotFoundException) when (attempt < Attempts)
            {
                Thread.Sleep(PauseMilliseconds);
                Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            }
        }
    }

    /// <summary>
    /// Replaces a whole file atomically. The temporary file is created in <paramref name="scratch"/>, a folder on the same disk that
    /// MLflow does not interpret: in <c>params/</c> it would be read as a param.
    /// </summary>
    public static void Write(string path, string text, string scratch, CancellationToken cancellationToken = default)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        string temporary = Path.Combine(scratch, $".{Guid.NewGuid():N}.tmp");
        try
        {
            File.WriteAllText(temporary, text, Utf8);
            PutInPlace(temporary, path, cancellationToken);
        }
        catch
        {
            File.Delete(temporary);
            throw;
        }
    }

    /// <summary>
    /// Appends whole lines in one write. An unterminated last line is terminated first; a partial line from a killed writer is replaced.
    /// The caller must hold the run's lock, because this reads, seeks and writes.
    /// </summary>
    /// <param name="path">The file.</param>
    /// <param name="lines">Writes the lines.</param>
    /// <param name="isHalf">Whether an unterminated last line is incomplete.</param>
    /// <param name="cancellationToken">Cancels the wait for another program that has the file open.</param>
    public static void Append(
        string path, Action<TextWriter> lines, Func<string, bool> isHalf, CancellationToken cancellationToken)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);

        // As a single string, a thousand lines would be on the large object heap, which is collected late.
        using var bytes = new MemoryStream();
        using (var writer = new StreamWriter(bytes, Utf8, bufferSize: 1024, leaveOpen: true))
            lines(writer);
        using FileStream stream = OpenToWrite(path, cancellationToken);
        long end = EndOfWholeLines(stream, from: 0);
        if (end < stream.Length && isHalf(ReadFrom(stream, end)))
            stream.SetLength(end);
        bool unended = end < stream.Length;
        stream.Position = stream.Length;
        if (unended)
            stream.WriteByte(LineEnd);
        bytes.WriteTo(stream);
    }

    /// <summary>Removes an incomplete last line that begins at or after an offset.</summary>
    public static void CutHalfLine(string path, long from, CancellationToken cancellationToken)
    {
        if (!File.Exists(path))
            return;
        using FileStream stream = OpenToWrite(path, cancellationToken);
        if (stream.Length > from)
            stream.SetLength(EndOfWholeLines(stream, from));
    }

    /// <summary>Reads the text of an open file from an offset on.</summary>
    public static string ReadFrom(FileStream stream, long offset)
    {
        stream.Position = offset;
        using var reader = new StreamReader(stream, Utf8, detectEncodingFromByteOrderMarks: false, bufferSize: 1024, leaveOpen: true);
        return reader.ReadToEnd();
    }

    // Written just now, so its writer may still be busy. An older file comes from an editor that does not terminate the last line.
    private static bool IsFresh(string path) => (DateTime.UtcNow - File.GetLastWriteTimeUtc(path)).Duration() < TimeSpan.FromSeconds(1);

    private static bool EndsLine(string text) => text.EndsWith("\n", StringComparison.Ordinal);

    private static long EndOfWholeLines(FileStream stream, long from)
    {
        for (long end = stream.Length; end > from; end--)
        {
            stream.Position = end - 1;
            if (stream.ReadByte() == LineEnd)
                return end;
        }

        return from;
    }

    private static FileStream OpenToWrite(string path, CancellationToken cancellationToken) =>
        Open(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, cancellationToken);

    private static FileStream Open(string path, CancellationToken cancellationToken) =>
        Open(path, FileMode.Open, FileAccess.Read, cancellationToken);

    // Shared, so that this reader does not prevent a writer from replacing the file.
    private static FileStream Open(string path, FileMode mode, FileAccess access, CancellationToken cancellationToken)
    {
        FileStream? stream = null;
        BusyFile.Open(
            path,
            () => stream = new FileStream(path, mode, access, FileShare.ReadWrite | FileShare.Delete, bufferSize: 1),
            cancellationToken);
        return stream!;
    }
}
