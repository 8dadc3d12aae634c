using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Threading.Channels;
using Anovos.Mlflow.Configuration;
using Anovos.Mlflow.Tests.Tracking;
using Anovos.Mlflow.Tracking;
using Anovos.Mlflow.Workflow;

namespace Anovos.Mlflow.Tests.Workflow;

/// <summary>A recorded run of the real Anovos (<c>../shared/anovos/real</c>). It can be replayed without Anovos.</summary>
internal sealed class Recording
{
    private readonly string _folder;

    private Recording(string folder) => _folder = folder;

    public static TheoryData<string> Names => new(
        "a1_full_mlflow", "a2_mlflow_no_master", "a3_full_mlflow_noreports", "a4_mlflow_reports_ok", "b_buffered_stdout",
            "b_full_no_mlflow",
        "c1_basic", "c2_basic_mlflow", "c3_basic_mlflow_abspath", "d_bad_column", "e_no_master_path", "f1_join_same_experiment",
        "f2_join_other_experiment", "f3_join_other_tracking_uri", "f4_join_failing", "g_timeseries_mlflow", "h_geo_mlflow",
        "i_python_dash_m", "j_report_only_tracked", "k_misspelt_flag", "l_all_flags_false");

    /// <summary>The workflow, as if it had run in another folder.</summary>
    public AnovosConfig ConfigIn(string workingDirectory) =>
        AnovosConfig.Parse(Encoding.UTF8.GetBytes(Yaml.Replace("/data/anovos", workingDirectory.Replace('\\', '/'), StringComparison.Ordinal)), "config.yaml");

    public string Yaml => File.ReadAllText(Path.Combine(_folder, "config.yaml"));

    public string StandardError => File.ReadAllText(Log("err"));

    public int ExitCode => Json("run.json")!.Value.GetProperty("rc").GetInt32();

    /// <summary>The paths of all files that it wrote.</summary>
    public string[] Tree => [.. File.ReadLines(Path.Combine(_folder, "tree.txt")).Select(line => line.Trim().Split(' ', 2)[1].Trim())];

    /// <summary>The run that Anovos itself tracked to; null if it did not track.</summary>
    public JsonElement? Mlflow => Json("mlflow.json") is { } runs && runs.GetArrayLength() > 0 ? runs[0] : null;

    public string? RunId => Mlflow?.GetProperty("run_id").GetString();

    /// <summary>The folder with the files that were kept from its output.</summary>
    public string Files => Path.Combine(_folder, "files");

    /// <summary>Returns a recording; skips the test if there are none.</summary>
    public static Recording Of(string name)
    {
        string folder = Path.Combine(SharedMaterial.Repository() ?? "", "..", "shared", "anovos", "real", name);
        Assert.SkipUnless(Directory.Exists(folder), "There is no shared/anovos/real next to the repository.");
        return new Recording(Path.GetFullPath(folder));
    }

    /// <summary>Replays the run: both streams with their pieces and order, its files in the working directory, and its exit code.</summary>
    public IWorkflowEngine Replay(string workingDirectory) => new Engine(this, workingDirectory);

    private string Log(string stream) => Path.Combine(_folder, $"std{stream}.log");

    private JsonElement? Json(string name) => Path.Combine(_folder, name) is var path && File.Exists(path)
        ? JsonDocument.Parse(File.ReadAllText(path)).RootElement
        : null;

    private sealed class Engine(Recording recording, string workingDirectory) : IWorkflowEngine
    {
        public async Task<WorkflowEnd> RunAsync(
            Action<ArraySegment<byte>, IReadOnlyList<LogLine>> output, Action<IEnumerable<Tag>> describe,
                CancellationToken cancellationToken)
        {
            // No files were kept from a run that is like another run.
            string[] files = Directory.Exists(recording.Files)
                ? Directory.GetFiles(recording.Files, "*", SearchOption.AllDirectories)
                : [];
            foreach (string file in files)
            {
                string to = Path.Combine(workingDirectory, Path.GetRelativePath(recording.Files, file));
                Directory.CreateDirectory(Path.GetDirectoryName(to)!);
                await File.WriteAllBytesAsync(to, await File.ReadAllBytesAsync(file, cancellationToken), cancellationToken);
            }

            var streams = new Dictionary<string, Pieces>();
            foreach ((string name, bool isError) in new[] { ("out", false), ("err", true) })
                streams[name] = new Pieces(await File.ReadAllBytesAsync(recording.Log(name), cancellationToken),
                    new LineReader(isError, output));
            foreach (string[] piece in File.ReadLines(Path.Combine(recording._folder, "timeline.tsv")).Skip(1)
                .Select(line => line.Split('\t')))
                await streams[piece[1]].NextAsync(int.Parse(piece[2], CultureInfo.InvariantCulture));
            foreach (Pieces stream in streams.Values)
                await stream.RestAsync();
            return WorkflowEnd.Exited(recording.ExitCode);
        }
    }

    // Returns bytes piece by piece, each piece when the previous one has been read. Paths in the logs were shortened later, so the last
    // pieces may be shorter too.
    private sealed class Pieces : MemoryStream
    {
        private readonly Channel<ReadOnlyMemory<byte>> _pieces = Channel.CreateUnbounded<ReadOnlyMemory<byte>>();
        private readonly SemaphoreSlim _read = new(0);
        private readonly byte[] _all;
        private readonly Task _reading;
        private int _at;

        public Pieces(byte[] all, LineReader reader)
        {
            _all = all;
            _reading = Task.Run(() => reader.ReadAsync(this, CancellationToken.None));
        }

        public async Task NextAsync(int length)
        {
            length = Math.Min(length, _all.Length - _at);
            if (length == 0)
                return;
            await _read.WaitAsync();
            await _pieces.Writer.WriteAsync(_all.AsMemory(_at, length));
            _at += length;

            // The reader asks again when it has processed the piece.
            await _read.WaitAsync();
            _read.Release();
        }

        public async Task RestAsync()
        {
            await NextAsync(_all.Length - _at);
            _pieces.Writer.Complete();
            await _reading;
        }

        public override async Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken)
        {
            _read.Release();
            if (!await _pieces.Reader.WaitToReadAsync(cancellationToken))
                return 0;
            Assert.True(_pieces.Reader.TryRead(out ReadOnlyMemory<byte> piece));
            piece.CopyTo(buffer.AsMemory(offset, count));
            return piece.Length;
        }
    }
}
