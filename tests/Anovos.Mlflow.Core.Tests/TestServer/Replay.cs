using System.Collections.Concurrent;
using System.Text;
using System.Text.Json;
using Anovos.Mlflow.TestServer;

namespace Anovos.Mlflow.Tests.TestServer;

/// <summary>What our server answered where a real one was recorded; a status of null is a closed connection.</summary>
internal sealed record Replayed(Recording Recording, int? Status, string Body, HttpResponseMessage? Response);

/// <summary>
/// Sends the recordings of a folder, in their order, to one test server: what they find depends on those before them.
/// The server gives out the ids of the recording, which also order the runs that started at the same time.
/// </summary>
internal sealed class Replay : IDisposable
{
    // What this server is not for, by the beginning of the recording's name.
    internal static readonly IReadOnlyDictionary<string, string> Excluded = new Dictionary<string, string>
    {
        ["ajax-api"] = "the endpoints of MLflow's web page",
        ["proxied-mpu-complete"] = "the parts went straight to the bucket, and were not recorded",
    };

    private static readonly ConcurrentDictionary<string, Lazy<Task<IReadOnlyDictionary<string, Replayed>>>> Cache = new();

    private readonly TrackingServer _server;
    private readonly HttpClient _client = new(new SocketsHttpHandler { AllowAutoRedirect = false, UseProxy = false });
    private readonly string _firstRun;

    private Replay(TrackingServer server, string firstRun) => (_server, _firstRun) = (server, firstRun);

    public static bool Covers(Recording recording) =>
        !Excluded.Keys.Any(name => recording.Name[4..].StartsWith(name, StringComparison.Ordinal));

    /// <summary>The answers to all recordings of the folder, which is replayed once.</summary>
    public static Task<IReadOnlyDictionary<string, Replayed>> OfAsync(string folder) =>
        Cache.GetOrAdd(folder, name => new(() => RunAsync(name))).Value;

    public void Dispose() => _client.Dispose();

    // Two servers were recorded in one folder: one before the bucket, and one whose runs are in it.
    private static async Task<IReadOnlyDictionary<string, Replayed>> RunAsync(string folder)
    {
        var answers = new Dictionary<string, Replayed>();
        foreach (var recordings in Recording.In(folder).Where(Covers).GroupBy(IsDirect))
            await AddAsync(answers, folder, [.. recordings], recordings.Key);
        return answers;
    }

    private static bool IsDirect(Recording recording) => recording.Name[4..].StartsWith("direct-", StringComparison.Ordinal);

    private static async Task AddAsync(Dictionary<string, Replayed> answers, string folder, List<Recording> recordings, bool isDirect)
    {
        string? administrator = recordings.Find(recording => recording.Name[4..] == "admin-experiment")?.Header("Authorization");
        string[] credentials = administrator == null ? [] : Encoding.UTF8.GetString(Convert.FromBase64String(administrator[6..])).Split(':');
        var runIds = recordings
            .Where(recording => recording.Target.EndsWith("/runs/create", StringComparison.Ordinal) && recording.Status == 200)
            .Select(recording => RunId(recording.Body!)).ToList();
        var nextIds = new Queue<string>(runIds);
        var version = Enum.Parse<MlflowVersion>($"V{folder.Split('-')[0].Replace('.', '_')}");
        await using FakeCloud? bucket = isDirect ? await CloudStores.StartFakeAsync("s3") : null;
        await using var server = await TrackingServer.StartAsync(new TrackingServerOptions
        {
            Version = version,
            HasBucket = folder.EndsWith("-s3", StringComparison.Ordinal) && !isDirect,
            ArtifactRoot = isDirect ? ArtifactRootKind.Bucket : ArtifactRootKind.Proxied,
            BucketAddress = bucket?.Uri,
            Username = credentials.ElementAtOrDefault(0),
            Password = credentials.ElementAtOrDefault(1) ?? "",
            NewRunId = nextIds.Dequeue,
        });
        using var replay = new Replay(server, runIds[0]);
        await replay.AddWhatWasThereAsync(administrator, withArtifact: version < MlflowVersion.V3_17);
        foreach (var recording in recordings)
        {
            answers[recording.Name] = await replay.SendAsync(recording);
            if (recording.Name[4..] == "direct-presigned-upload-url")
                await replay.UploadAsync(answers[recording.Name].Body);
        }
    }

    // The recorded servers had an experiment 1 before the first recording, so that the ids are the same;
    // those before 3.17 had an artifact in it.
    private async Task AddWhatWasThereAsync(string? authorization, bool withArtifact)
    {
        byte[] body = "{\"name\": \"before\"}"u8.ToArray();
        using var create = Request(HttpMethod.Post, "/api/2.0/mlflow/experiments/create", body, "application/json", authorization);
        using var upload = Request(HttpMethod.Put, "/api/2.0/mlflow-artifacts/artifacts/1/a", [], null, authorization);
        (await _client.SendAsync(create)).EnsureSuccessStatusCode();
        if (withArtifact)
            (await _client.SendAsync(upload)).EnsureSuccessStatusCode();
    }

    // The upload itself was not recorded.
    private async Task UploadAsync(string signed)
    {
        var body = JsonDocument.Parse(signed).RootElement;
        using var request = new HttpRequestMessage(HttpMethod.Put, body.GetProperty("presigned_url").GetString())
        {
            Content = new ByteArrayContent("hello"u8.ToArray()),
        };
        foreach (var header in body.GetProperty("headers").EnumerateObject())
            request.Content.Headers.TryAddWithoutValidation(header.Name, header.Value.GetString());
        (await _client.SendAsync(request)).EnsureSuccessStatusCode();
    }

    private async Task<Replayed> SendAsync(Recording recording)
    {
        byte[]? body = recording.RequestBody ?? Omitted(recording);
        using var request = Request(
            new HttpMethod(recording.Method), recording.Target, body, recording.Header("Content-Type"), recording.Header("Authorization"));
        if (recording.Header("Range") is { } range)
            request.Headers.TryAddWithoutValidation("Range", range);
        try
        {
            var response = await _client.SendAsync(request);
            return new Replayed(recording, (int)response.StatusCode, await response.Content.ReadAsStringAsync(), response);
        }
        catch (HttpRequestException)
        {
            return new Replayed(recording, null, "", null);
        }
    }

    private HttpRequestMessage Request(HttpMethod method, string target, byte[]? body, string? contentType, string? authorization)
    {
        // .NET would resolve `..` before it sends.
        var options = new UriCreationOptions { DangerousDisablePathAndQueryCanonicalization = true };
        var request = new HttpRequestMessage(method, new Uri(_server.Uri.ToString().TrimEnd('/') + target, options));
        if (body != null)
            request.Content = new ByteArrayContent(body);
        if (contentType != null)
            (request.Content ??= new ByteArrayContent([])).Headers.TryAddWithoutValidation("Content-Type", contentType);
        if (authorization != null)
            request.Headers.TryAddWithoutValidation("Authorization", authorization);
        return request;
    }

    private static string RunId(string answer) =>
        JsonDocument.Parse(answer).RootElement.GetProperty("run").GetProperty("info").GetProperty("run_id").GetString()!;

    // Bodies that were too long to be kept, made again from their names and their beginnings.
    private byte[]? Omitted(Recording recording)
    {
        long time = 1_700_000_000_000;
        object? batch = recording.Name[4..] switch
        {
            "runs-log-batch-1001-metrics" => new { run_id = _firstRun, metrics = Points(1001, "m", _ => 1, _ => time) },
            "runs-log-batch-1001-entities" =>
                new { run_id = _firstRun, metrics = Points(901, "m", _ => 1, _ => time), @params = Pairs(100, "p", "1") },
            "runs-log-batch-1000-metrics" => new { run_id = _firstRun, metrics = Points(1000, "m1000", i => i, i => time + i) },
            "runs-log-batch-too-big-1MB" => new { run_id = _firstRun, tags = Pairs(100, "z", new string('x', 13_500)) },
            _ => null,
        };
        return batch == null ? null : JsonSerializer.SerializeToUtf8Bytes(batch);
    }

    private static IEnumerable<object> Points(int count, string key, Func<int, int> value, Func<int, long> timestamp) =>
        Enumerable.Range(0, count).Select(i => new { key, value = value(i), timestamp = timestamp(i), step = i });

    private static IEnumerable<object> Pairs(int count, string key, string value) =>
        Enumerable.Range(0, count).Select(i => new { key = $"{key}{i}", value });
}
