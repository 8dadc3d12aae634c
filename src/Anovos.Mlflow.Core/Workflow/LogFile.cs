namespace Anovos.Mlflow.Workflow;

/// <summary>A workflow's output on the disk, as it comes: whole lines of both streams, byte for byte. For its owner only.</summary>
internal sealed class LogFile : IDisposable
{
    private const int LastLines = 40;

    private readonly FileStream _stream;
    private readonly Queue<string> _last = new(LastLines);

    /// <summary>Makes the file.</summary>
    /// <exception cref="IOException">It cannot be made.</exception>
    public LogFile(string path)
    {
        Directory.CreateDirectory(System.IO.Path.GetDirectoryName(path)!);
        Path = path;
#if NET
        var options = new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write, Share = FileShare.ReadWrite | FileShare.Delete, BufferSize = 1 };
        if (!OperatingSystem.IsWindows())
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        _stream = new FileStream(path, options);
#else
        _stream = new FileStream(path, FileMode.Create, FileAccess.Write, FileShare.ReadWrite | FileShare.Delete, bufferSize: 1);
#endif
    }

    /// <summary>Where it is.</summary>
    public string Path { get; }

    /// <summary>Why the disk took no more of it; null while it does.</summary>
    public string? Fault { get; private set; }

    /// <summary>The last lines, for who asks why the workflow failed.</summary>
    public IReadOnlyList<string> Last
    {
        get
        {
            lock (_stream)
                return [.. _last];
        }
    }

    /// <summary>Adds whole lines. A full disk does not end the workflow: the file then ends before it does.</summary>
    public void Write(ArraySegment<byte> bytes, IReadOnlyList<LogLine> lines)
    {
        lock (_stream)
        {
            foreach (LogLine line in lines.Skip(Math.Max(0, lines.Count - LastLines)))
            {
                if (_last.Count == LastLines)
                    _last.Dequeue();
                _last.Enqueue(line.Text);
            }

            if (Fault is not null)
                return;
            try
            {
                _stream.Write(bytes.Array!, bytes.Offset, bytes.Count);
                // The last line of one stream, if it had no end, must not run into the next of the other.
                if (bytes.Array![bytes.Offset + bytes.Count - 1] != (byte)'\n' && bytes.Count < LineReader.LongestLine)
                    _stream.WriteByte((byte)'\n');
            }
            catch (IOException e)
            {
                Fault = e.Message;
            }
        }
    }

    public void Dispose() => _stream.Dispose();
}
