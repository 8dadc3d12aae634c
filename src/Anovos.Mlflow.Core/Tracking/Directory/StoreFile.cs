using System.Text;

namespace Anovos.Mlflow.Tracking;

/// <summary>Reading and writing whole files of a store that other processes read and write at the same time.</summary>
internal static class StoreFile
{
    private const int Attempts = 20;
    private const int PauseMilliseconds = 5;

    /// <summary>UTF-8 without a mark; what is no valid text becomes U+FFFD.</summary>
    public static readonly Encoding Utf8 = new UTF8Encoding(encoderShouldEmitUTF8Identifier: false);

    /// <summary>The file's text as it stands.</summary>
    public static string Read(string path)
    {
        string text = "";
        Patiently(() =>
        {
            // A reader must not be what keeps a writer from replacing the file.
            using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            using var copy = new MemoryStream();
            stream.CopyTo(copy);
            text = Utf8.GetString(copy.GetBuffer(), 0, (int)copy.Length);
        });
        return text;
    }

    /// <summary>The text of a file whose every line ends with a line end: until it does, somebody is writing and is waited for shortly.</summary>
    public static string ReadLines(string path)
    {
        string text = Read(path);
        for (int attempt = 1; attempt < Attempts && !text.EndsWith("\n", StringComparison.Ordinal); attempt++)
        {
            Thread.Sleep(PauseMilliseconds);
            text = Read(path);
        }

        return text;
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
            Patiently(() => Replace(temporary, path));
        }
        finally
        {
            File.Delete(temporary);
        }
    }

    /// <summary>Adds whole lines in one write. The caller holds the run's lock: .NET's append is a seek and a write.</summary>
    public static void Append(string path, string lines)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        byte[] bytes = Utf8.GetBytes(lines);
        Patiently(() =>
        {
            using var stream = new FileStream(path, FileMode.Append, FileAccess.Write, FileShare.ReadWrite | FileShare.Delete, bufferSize: 1);
            stream.Write(bytes, 0, bytes.Length);
        });
    }

    /// <summary>Whether the failure is another process having the file open, which passes.</summary>
    public static bool IsBusy(IOException failure) =>
        // Windows: ERROR_SHARING_VIOLATION, ERROR_LOCK_VIOLATION; Unix: EWOULDBLOCK of Linux and of macOS.
        (failure.HResult & 0xFFFF) is 32 or 33 or 11 or 35;

    private static void Replace(string temporary, string path)
    {
#if NET
        File.Move(temporary, path, overwrite: true);
#else
        if (File.Exists(path))
            File.Replace(temporary, path, destinationBackupFileName: null);
        else
            File.Move(temporary, path);
#endif
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
