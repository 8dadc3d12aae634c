using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Anovos.Mlflow.Http;
using Anovos.Mlflow.Tests.Configuration;
using Anovos.Mlflow.TestServer;
using Anovos.Mlflow.Tracking;

namespace Anovos.Mlflow.Tests.Robustness;

/// <summary>
/// Broken workflows and broken answers end in an <see cref="MlflowException"/>, and in nothing else. A second of each in
/// every run; <c>ANOVOS_TEST_FUZZ_SECONDS</c> asks for more, <c>ANOVOS_TEST_FUZZ_SEED</c> repeats one.
/// </summary>
public sealed class FuzzTests(ITestOutputHelper output)
{
    private static readonly string[] YamlWords =
    [
        ": ", "- ", "? ", "&a ", "*a", "<<: *a", "!!int ", "!!binary ", "!x ", "'", "\"", "|\n", ">-\n", "{", "}", "[", "]", ",", "#", "\t", "\n", "\r", "\0", "---\n", "...\n",
        "%YAML 1.1\n", "~", "null", "true", "0x", "0b2", "1e999", "12:30", "-.inf", "1__", "2020-01-01", "\\x4", "\\U00110000", "mlflow:", "track_output: ", "  ", "\uD800", "😀",
    ];

    private static readonly string[] JsonWords =
    [
        "5", "-1", "1.5", "1e999", "-9223372036854775809", "99999999999999999999999999", "253402300800000", "\"\"", "\"x\"", "\"5\"", "null", "true", "[]", "{}", "[[]]", "[null]",
        "[5]", "{\"key\": 5}", "\"\\uD800\"", "\"\\u0000\"", "\"NaN\"", "\"Infinity\"", "{\"info\": {}}", "[{\"info\": {\"run_id\": \"a\"}}]", "\"", ",", "[", "{",
    ];

    [Fact]
    public void A_broken_workflow_is_an_invalid_configuration()
    {
        string[] samples = [.. Workflows()];
        int valid = 0;
        Fuzz(YamlWords, samples, text =>
        {
            valid += WorkflowReading.Read(Encoding.UTF8.GetBytes(text)) ? 1 : 0;
            try
            {
                FlatYamlReader.Read(text);
            }
            catch (FormatException)
            {
                // Its one failure, of which its callers make an MlflowException.
            }
        });
        output.WriteLine($"{valid} of them were workflows all the same");
    }

    [Fact]
    public async Task A_broken_answer_is_not_that_of_an_MLflow_server()
    {
        string[] samples = [.. await AnswersAsync()];
        int read = 0;
        Fuzz(JsonWords, samples, text => read += ReadAnswer(text));
        output.WriteLine($"{read} readings were none of a failure");
    }

    private void Fuzz(string[] words, string[] samples, Action<string> read)
    {
        int seconds = int.TryParse(Environment.GetEnvironmentVariable("ANOVOS_TEST_FUZZ_SECONDS"), out int asked) ? asked : 1;
        int seed = int.TryParse(Environment.GetEnvironmentVariable("ANOVOS_TEST_FUZZ_SEED"), out int given) ? given : Environment.TickCount & 0xFFFFFF;
        var mutator = new Mutator(seed, words);
        var clock = System.Diagnostics.Stopwatch.StartNew();
        (int cases, TimeSpan longest) = (0, TimeSpan.Zero);
        for (; clock.Elapsed < TimeSpan.FromSeconds(seconds) || cases < 100; cases++)
        {
            string text = mutator.Next(samples);
            TimeSpan before = clock.Elapsed;
            try
            {
                read(text);
            }
            catch (Exception failure)
            {
                Assert.Fail($"Seed {seed}, case {cases}: {failure}\n--- input as Base64 ---\n{Convert.ToBase64String(Encoding.UTF8.GetBytes(text))}");
            }

            longest = clock.Elapsed - before > longest ? clock.Elapsed - before : longest;
        }

        output.WriteLine($"seed {seed}: {cases} cases in {clock.Elapsed.TotalSeconds:0} s, the longest {longest.TotalMilliseconds:0} ms");
    }

    // All that a store does with an answer, whatever it asked for.
    private static int ReadAnswer(string text)
    {
        ServerErrors.From(500, "application/json", text, null, null, new Uri("http://host/"), ErrorKind.RunNotFound);
        JsonElement json;
        try
        {
            json = JsonDocument.Parse(Encoding.UTF8.GetBytes(text)).RootElement;
        }
        catch (JsonException)
        {
            return 0; // RestApi says so before a store reads it.
        }

        return json.ValueKind != JsonValueKind.Object ? 0
            : Read(json, answer => RestEntities.ReadExperiment(answer.Part("experiment"), "u"))
            + Read(json, answer => RestEntities.ReadRun(answer.Part("run"), "u"))
            + Read(json, answer => answer.Id("experiment_id"))
            + Read(json, answer => RestEntities.ReadPage(answer, "experiments", null, experiment => RestEntities.ReadExperiment(experiment, "u")))
            + Read(json, answer => RestEntities.ReadPage(answer, "runs", null, run => RestEntities.ReadRun(run, "u")))
            + Read(json, answer => RestEntities.ReadPage(answer, "metrics", null, RestEntities.ReadMetric));
    }

    private static int Read<T>(JsonElement json, Func<JsonElement, T> read)
    {
        try
        {
            JsonFields.Read(json, "http://host", read);
            return 1;
        }
        catch (MlflowException failure) when (failure.Kind == ErrorKind.NotAnMlflowServer)
        {
            return 0;
        }
    }

    private static IEnumerable<string> Workflows()
    {
        yield return Sample.Tracking + "input_dataset:\n  read_dataset:\n    file_path: a\n    file_type: csv\n";
        yield return "a: &a {x: 1, y: [1, 2.5, 'it''s']}\nb:\n  <<: *a\n  c: \"\\u00e9\\n\"\nd: |\n  text\n  more\n";
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder != null; folder = folder.Parent)
        {
            string[] places = [Path.Combine(folder.FullName, "samples"), Path.Combine(folder.FullName, "shared", "anovos", "configs")];
            foreach (string file in places.Where(Directory.Exists).SelectMany(place => Directory.EnumerateFiles(place, "*.yaml", SearchOption.AllDirectories)))
                yield return File.ReadAllText(file);
        }
    }

    private static async Task<IEnumerable<string>> AnswersAsync()
    {
        await using TrackingServer server = await TrackingServer.StartAsync();
        using var store = new RestStore(server.Uri, new ConnectionOptions());
        string experiment = await store.CreateExperimentAsync(new("e") { Tags = [new("a", "b")] }, default);
        string run = (await store.CreateRunAsync(new(experiment, "r", "me", 1_700_000_000_000), default)).RunId;
        await store.LogBatchAsync(run, new() { Params = [new("p", "1")], Metrics = [new("m", double.NaN, 1, 1), new("n", 0.5, 2, 2)], Tags = [new("t", "x")] }, default);
        await store.UpdateRunAsync(new(run, RunStatus.Finished, 1_700_000_000_001), default);

        using var http = new HttpClient { BaseAddress = new Uri(server.Uri, "api/2.0/mlflow/") };
        HttpResponseMessage[] answers =
        [
            await http.GetAsync($"experiments/get?experiment_id={experiment}"),
            await http.GetAsync($"runs/get?run_id={run}"),
            await http.GetAsync($"metrics/get-history?run_id={run}&metric_key=m&max_results=10"),
            await http.GetAsync("runs/get?run_id=missing"),
            await http.PostAsync("experiments/create", new StringContent("""{"name": "f"}""", Encoding.UTF8, "application/json")),
            await http.PostAsync("experiments/search", new StringContent("""{"max_results": 10}""", Encoding.UTF8, "application/json")),
            await http.PostAsync("runs/search", new StringContent($$"""{"experiment_ids": ["{{experiment}}"], "max_results": 10}""", Encoding.UTF8, "application/json")),
        ];
        return await Task.WhenAll(answers.Select(async answer => JsonNode.Parse(await answer.Content.ReadAsStringAsync())!.ToJsonString(new() { WriteIndented = true })));
    }

}
