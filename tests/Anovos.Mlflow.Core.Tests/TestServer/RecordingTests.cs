using System.Text.Json;
using System.Text.RegularExpressions;

namespace Anovos.Mlflow.Tests.TestServer;

/// <summary>The test server against recordings of MLflow itself: what other tests build on it holds only as far as it answers alike.</summary>
public partial class RecordingTests
{
    private static readonly string[] Folders = ["2.17", "3.11", "3.17", "2.17-auth", "3.11-auth", "3.17-auth", "3.17-s3"];

    // Times that a server sets by its own clock.
    private static readonly string[] OwnClock = ["creation_time", "last_update_time", "creation_timestamp", "last_updated_timestamp"];

    private static readonly string[] SameHeaders =
    [
        "Content-Type", "Content-Disposition", "WWW-Authenticate", "Allow", "Accept-Ranges", "Content-Range", "Cache-Control",
        "X-Content-Type-Options", "X-Frame-Options",
    ];

    // Headers whose value only the recorded server can know.
    private static readonly string[] PresentHeaders = ["ETag", "Last-Modified", "Content-Length"];

    public static TheoryData<string, string> Cases()
    {
        var cases = new TheoryData<string, string>();
        foreach (string folder in Recording.Root == null ? [] : Folders)
        {
            foreach (var recording in Recording.In(folder).Where(Replay.Covers))
                cases.Add(folder, recording.Name);
        }

        // Without the recordings one case is left, to be skipped: no case at all would be an error, and silent elsewhere.
        if (Recording.Root == null)
            cases.Add("none", "none");
        return cases;
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public async Task The_test_server_answers_as_MLflow_did(string folder, string name)
    {
        Assert.SkipWhen(Recording.Root == null, "The recordings (../shared/mlflow/transcripts) are not here.");
        var replayed = (await Replay.OfAsync(folder))[name];
        var recording = replayed.Recording;

        Assert.Equal(recording.Status, replayed.Status);
        if (replayed.Response is not { } response)
            return;
        foreach (string header in SameHeaders)
            Assert.Equal((header, Normal(header, recording.ResponseHeader(header))), (header, HeaderOf(response, header)));
        foreach (string header in PresentHeaders)
            Assert.Equal((header, recording.ResponseHeader(header) != null), (header, HeaderOf(response, header) != null));
        if (recording.Body == null)
            AssertOmitted(recording, replayed.Body);
        else if (recording.Body.StartsWith('{'))
            AssertSame(Parse(recording.Body), Parse(replayed.Body), "$");
        else if (recording.Body.StartsWith("<!doctype", StringComparison.Ordinal))
            Assert.Equal(Title().Match(recording.Body).Value, Title().Match(replayed.Body).Value);
        else
            Assert.Equal(recording.Body, replayed.Body);
    }

    [Fact]
    public void Every_exclusion_still_excludes_something()
    {
        Assert.SkipWhen(Recording.Root == null, "The recordings (../shared/mlflow/transcripts) are not here.");
        var names = Folders.SelectMany(Recording.In).Select(recording => recording.Name[4..]).ToList();
        Assert.All(Replay.Excluded.Keys, excluded => Assert.Contains(names, name => name.StartsWith(excluded, StringComparison.Ordinal)));
    }

    private static void AssertSame(JsonElement expected, JsonElement actual, string path)
    {
        Assert.True(expected.ValueKind == actual.ValueKind, $"{path} is {actual}, MLflow had {expected}");
        switch (expected.ValueKind)
        {
            case JsonValueKind.Object:
                Assert.Equal(Names(expected), Names(actual));
                foreach (var property in expected.EnumerateObject())
                    AssertSame(property.Value, actual.GetProperty(property.Name), $"{path}.{property.Name}");
                break;
            case JsonValueKind.Array:
                Assert.Equal(expected.GetArrayLength(), actual.GetArrayLength());
                for (int i = 0; i < expected.GetArrayLength(); i++)
                    AssertSame(expected[i], actual[i], $"{path}[{i}]");
                break;
            case JsonValueKind.Number when OwnClock.Any(name => path.EndsWith(name, StringComparison.Ordinal)):
                break;
            case JsonValueKind.Number:
                Assert.Equal(expected.GetDouble(), actual.GetDouble());
                break;
            case JsonValueKind.String:
                AssertSameText(expected.GetString()!, actual.GetString()!, path);
                break;
        }
    }

    private static void AssertSameText(string expected, string actual, string path)
    {
        // A name that the server made up.
        if (RandomName().IsMatch(expected))
        {
            Assert.Matches(RandomName(), actual);
            return;
        }

        // The recorded bucket has another name.
        expected = expected.Replace("s3://mlf/direct/", "s3://artifacts/mlflow/", StringComparison.Ordinal);

        // A presigned URL and the id of an upload, which the bucket made up.
        if (expected.Contains("X-Amz-Signature=", StringComparison.Ordinal) || path == "$.upload_id")
        {
            Assert.NotEmpty(actual);
            Assert.Equal(Uri.IsWellFormedUriString(expected, UriKind.Absolute), Uri.IsWellFormedUriString(actual, UriKind.Absolute));
            return;
        }

        // SQL and the server's own paths are no one's business: up to them the message must be the same.
        if (path == "$.message" && ServerInternals().Match(expected) is { Success: true } match)
            Assert.StartsWith(expected[..match.Index], actual);
        else
            Assert.Equal(expected, actual);
    }

    private static void AssertOmitted(Recording recording, string actual)
    {
        // Only the length was kept of these. It tells for a run without names that the server made up and values that we do not know.
        if (recording.Name.EndsWith("runs-get-after-failed-batch", StringComparison.Ordinal))
            Assert.Equal(recording.OmittedLength, actual.Length);
        else
            Parse(actual);
    }

    private static JsonElement Parse(string json) => JsonDocument.Parse(json).RootElement;

    private static IEnumerable<string> Names(JsonElement json) =>
        json.EnumerateObject().Select(property => property.Name).Order(StringComparer.Ordinal);

    private static string? HeaderOf(HttpResponseMessage response, string name) =>
        response.Headers.TryGetValues(name, out var values) || response.Content.Headers.TryGetValues(name, out values)
            ? Normal(name, string.Join(", ", values))
            : null;

    // Flask keeps the methods in a set, in whatever order.
    private static string? Normal(string name, string? value) =>
        name == "Allow" && value != null ? string.Join(", ", value.Split(", ").Order(StringComparer.Ordinal)) : value;

    [GeneratedRegex("<title>.*</title>")]
    private static partial Regex Title();

    [GeneratedRegex(@"^[a-z]+-[a-z]+-\d+$")]
    private static partial Regex RandomName();

    [GeneratedRegex(@"\(raised as a result|\(sqlite3|/srv/")]
    private static partial Regex ServerInternals();
}
