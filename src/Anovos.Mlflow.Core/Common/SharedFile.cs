using System.Text;

namespace Anovos.Mlflow;

/// <summary>Reads and writes whole files that other processes read and write at the same time.</summary>
internal static class SharedFile
{
    private const int Attempts = 20;
    private const int PauseMilliseconds = 5;
    private const int BlockBytes = 1 << 16;
    private const byte LineEnd = (byte)'\n';

    /// <summary>UTF-8 without a mark; what is no valid text becomes U+FFFD.</summary>
    public static readonly Encoding Utf8 = new UTF8Encoding(encoderShouldEmitUTF8Identifier: false);

    /// <summary>The text as it reads once written: a lone half of a surrogate pair is replaced on the way.</summary>
    public static string Stored(string text) => Utf8.GetString(Utf8.GetBytes(text));

    /// <summary>The file's text as it stands.</summary>
    public static string Read(string path)
    {
        using FileStream stream = Open(path);
        var bytes = new byte[stream.Length];
        int count = 0;
        for (int read = 1; read > 0 && count < bytes.Length; count += read)
            read = stream.Read(bytes, count, bytes.Length - count);
        return Utf8.GetString(bytes, 0, count);
    }

    /// <summary>The text of a file whose every line ends with a line end: until it does, somebody is writing and is waited for shortly.</summary>
    public static string ReadLines(string path)
    {
        string text = Read(path);
        for (int attempt = 1; attempt < Attempts && !EndsLine(text); attempt++)
        {
            Thread.Sleep(PauseMilliseconds);
            text = Read(path);
        }

        return text;
    }

    /// <summary>
    /// The whole lines of a file that grows by whole lines. A last one without an end is waited for shortly; then it is what a writer
    /// left that was killed: half a number reads as another number, and nobody was told that it is stored.
    /// </summary>
    public static IEnumerable<string> ReadWholeLines(string path)
    {
        using FileStream stream = Open(path);
        var block = new byte[Math.Max(1, Math.Min(stream.Length, BlockBytes))];
        for (int attempt = 1; ;)
        {
            long at = stream.Position;
            int count = stream.Read(block, 0, block.Length), start = 0;
            for (int end; (end = Array.IndexOf(block, LineEnd, start, count - start)) >= 0; start = end + 1)
                yield return Utf8.GetString(block, start, end - start);

            // Half a line is read again from its beginning: the next writer puts a line in its place.
            stream.Position = at + start;
            if (start > 0)
                continue;
            if (count > 0 && count == block.Length)
                Array.Resize(ref block, 2 * block.Length);
            else if (count > 0 && attempt++ < Attempts)
                Thread.Sleep(PauseMilliseconds);
            else
                yield break;
        }
    }

    /// <summary>
    /// Puts a whole file in place at once. The temporary file is made in <paramref name="scratch"/>, a folder of the same
    /// disk whose files mean nothing to MLflow: in <c>params/</c> it would be a param.
    /// </summary>
    public static void Write(string path, string text, string scratch)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        string temporary = Path.Combine(scratch, $".{Guid.NewGuid():N}.tmp");
        try
        {
            File.WriteAllText(temporary, text, Utf8);
            Patiently(() => AtomicFile.Replace(temporary, path));
        }
        catch
        {
            File.Delete(temporary);
            throw;
        }
    }

    /// <summary>
    /// Adds whole lines in one write, in place of half a line that a killed writer left: Linux may end a write between two pages.
    /// The caller holds the run's lock: this is a look, a seek and a write.
    /// </summary>
    public static void Append(string path, Action<TextWriter> lines)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);

        // As one text, a thousand lines would be a large object, which is collected late.
        using var bytes = new MemoryStream();
        using (var writer = new StreamWriter(bytes, Utf8, bufferSize: 1024, leaveOpen: true))
            lines(writer);
        Patiently(() =>
        {
            using var stream = new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete, bufferSize: 1);
            long end = EndOfWholeLines(stream);
            if (end < stream.Length)
                stream.SetLength(end);
            stream.Position = end;
            bytes.WriteTo(stream);
        });
    }

    /// <summary>Whether the failure is another process having the file open, which passes.</summary>
    public static bool IsBusy(IOException failure) =>
        // Windows: ERROR_SHARING_VIOLATION, ERROR_LOCK_VIOLATION; Unix: EWOULDBLOCK of Linux and of macOS.
        (failure.HResult & 0xFFFF) is 32 or 33 or 11 or 35;

    private static bool EndsLine(string text) => text.EndsWith("\n", StringComparison.Ordinal);

    private static long EndOfWholeLines(FileStream stream)
    {
        for (long end = stream.Length; end > 0; end--)
        {
            stream.Position = end - 1;
            if (stream.ReadByte() == '\n')
                return end;
        }

        return 0;
    }

    // To share is not to be what keeps a writer from replacing the file.
    private static FileStream Open(string path)
    {
        FileStream? stream = null;
        Patiently(() => stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, bufferSize: 1));
        return stream!;
    }

    private static void Patiently(Action action)
    {
        for (int attempt = 1; ; attempt++)
        {
            try
            {
                action();
                return;
            }
            catch (IOException failure) when (attempt < Attempts && IsBusy(failure))
            {
                Thread.Sleep(PauseMilliseconds);
            }
            // Windows says "access denied" of a file that is just being replaced.
            catch (UnauthorizedAccessException) when (attempt < Attempts && Path.DirectorySeparatorChar == '\\')
            {
                Thread.Sleep(PauseMilliseconds);
            }
        }
    }
}
