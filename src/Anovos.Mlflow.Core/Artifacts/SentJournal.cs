using System.Collections.Concurrent;
using System.Text.Json;

namespace Anovos.Mlflow.Artifacts;

/// <summary>
/// The files that this machine has sent to one run. MLflow does not report checksums, so we record them here: an append-only JSON
/// Lines file, safe for several processes. It is an optimization only: if it cannot be read or written, files are sent again.
/// </summary>
public sealed class SentJournal
{
    private const int Attempts = 100;
    private const int PauseMilliseconds = 10;

    private readonly string? _file;
    private readonly Lazy<Dictionary<string, SentFile>> _known;
    private readonly ConcurrentQueue<SentFile> _added = new();
    private readonly object _writing = new();
    private readonly MemoryStream _lines = new();
    private readonly Utf8JsonWriter _json;

    /// <summary>The journal of a run.</summary>
    /// <param name="runId">The run.</param>
    /// <param name="folder">The folder of the journals; by default as <see cref="StateFolder.Variable"/> says, or in the local application data.</param>
    public SentJournal(string runId, string? folder = null)
    {
        folder ??= StateFolder.From(new EnvironmentVariables(Environment.GetEnvironmentVariable));
        _file = folder is not null && StateFolder.CanName(runId) ? System.IO.Path.Combine(folder, runId + ".jsonl") : null;
        _json = new Utf8JsonWriter(_lines);
        _known = new Lazy<Dictionary<string, SentFile>>(Read);
    }

    /// <summary>Returns the last recorded upload of the artifact from this machine; null if there is none.</summary>
    public SentFile? Find(string artifactPath) => _known.Value.TryGetValue(artifactPath, out SentFile? sent) ? sent : null;

    /// <summary>Adds an upload. While one thread writes, it also writes what others add, so that they do not wait for it.</summary>
    public void Add(SentFile sent)
    {
        if (_file is null)
            return;
        _added.Enqueue(sent);
        while (!_added.IsEmpty && Monitor.TryEnter(_writing))
        {
            try
            {
                WriteAdded(_file);
            }
            finally
            {
                Monitor.Exit(_writing);
            }
        }
    }

    private void WriteAdded(string file)
    {
        _lines.SetLength(0);
        while (_added.TryDequeue(out SentFile? sent))
        {
            sent.WriteTo(_json);
            _json.Flush();
            _json.Reset();
            _lines.WriteByte((byte)'\n');
        }

        Patiently(() =>
        {
            Directory.CreateDirectory(System.IO.Path.GetDirectoryName(file)!);

            // FileShare.None is a lock on every system, and ends with the process.
            using var stream = new FileStream(file, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None, bufferSize: 1);
            bool torn = stream.Length > 0 && stream.Seek(-1, SeekOrigin.End) >= 0 && stream.ReadByte() != '\n';
            stream.Seek(0, SeekOrigin.End);

            // Ends the incomplete line of a process that was killed.
            if (torn)
                stream.WriteByte((byte)'\n');
            _lines.WriteTo(stream);
        });
    }

    private Dictionary<string, SentFile> Read()
    {
        Dictionary<string, SentFile> known = new(StringComparer.Ordinal);
        if (_file is null || !File.Exists(_file))
            return known;
        Patiently(() =>
        {
            foreach (string line in SharedFile.ReadLines(_file))
            {
                if (SentFile.Parse(line) is { } sent)
                    known[sent.ArtifactPath] = sent;
            }
        });
        return known;
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
            catch (IOException e) when (attempt < Attempts && BusyFile.IsBusy(e))
            {
                Thread.Sleep(PauseMilliseconds);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                return;
            }
        }
    }
}
