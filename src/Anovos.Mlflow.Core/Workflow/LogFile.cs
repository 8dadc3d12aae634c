namespace Anovos.Mlflow.Workflow;

/// <summary>A log file of a workflow's output, private to its owner: complete lines of both streams, byte for byte.</summary>
internal sealed class LogFile : IDisposable
{
    private const int LastLines = 40;

    private readonly FileStream _stream;
    private readonly Queue<string> _last = new(LastLines);

    /// <summary>Creates the file.</summary>
    /// <exception cref="IOException">The file cannot be created.</exception>
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

    /// <summary>The path of the file.</summary>
    public string Path { get; }

    /// <summary>The error that stopped writing to the file; null if there was none.</summary>
    public string? Fault { get; private set; }

    /// <summary>The last lines, which may show why the workflow failed.</summary>
    public IReadOnlyList<string> Last
    {
        get
        {
            lock (_stream)
                return [.. _last];
        }
    }

    /// <summary>Adds complete lines. A full disk does not stop the workflow, but the file is then incomplete.</summary>
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
                // A last line without a line break must not merge with the next line of the other stream.
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
