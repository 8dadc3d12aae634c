using System.Text.Json;
using System.Text.Json.Nodes;
using Anovos.Mlflow.Databricks;
using Anovos.Mlflow.Http;
using Anovos.Mlflow.Identity;
using Anovos.Mlflow.TestServer;

namespace Anovos.Mlflow.Tests.Databricks;

/// <summary>Runs the module with a configuration, and returns the result in the format of <c>configurations.json</c>.</summary>
internal sealed class ConfigurationRunner(SignInFixture fixture, Configuration row)
{
    private static readonly (string Part, string Word)[] Errors =
    [
        ("Databricks supports it, but this module does not", "unsupported"), ("More than one way to sign in", "ambiguous"),
        ("does not exist", "no file"), ("contains the settings of the Databricks CLI", "reserved"), ("has no profile", "no profile"),
        ("is not an https address. Write it as https://adb", "host"), ("no workspace is configured", "nothing"),
        ("No way to sign in", "nothing"), ("could not be found as", "nothing"),
    ];

    public async Task<JsonObject> RunAsync()
    {
        try
        {
            Prepare();
            return await Task.Run(ResultAsync);
        }
        catch (MlflowException e)
        {
            return new() { ["error"] = Errors.FirstOrDefault(error => e.Message.Contains(error.Part)).Word ?? "failed" };
        }
    }

    private static AccessToken Fetched(string value) => new(value, DateTimeOffset.UtcNow, DateTimeOffset.MaxValue);

    private async Task<JsonObject> ResultAsync() => row.Kind switch
    {
        "choice" => Choice(Load()),
        "setting" => new() { ["value"] = Load()[row.Text("setting")!] },
        "scopes" => new() { ["scopes"] = new JsonArray([.. Scopes.Of(Load()).Select(scope => (JsonNode)scope)]) },
        "cli version" => new() { ["version"] = DatabricksCli.ParseVersion(row.Text("output")!)?.ToString() },
        "cli command" => Command(Load()),
        "cli expiry" => new() { ["reads"] = TokenTime.Read(Json($$"""{"expiry": "{{row.Text("output")}}"}"""), "expiry") is not null },
        "tenant" => new() { ["tenant"] = await new AzureTenant(Endpoint(), Load()).FindAsync(default) },
        "discovery" => await DiscoverAsync(Load()),
        "requests" or "token" => await SignInAsync(Load()),
        _ => throw new InvalidOperationException(row.Kind),
    };

    private JsonObject Choice(DatabricksConfig config) => new()
    {
        ["host"] = config.Host.GetLeftPart(UriPartial.Authority),
        ["profile"] = config.Profile,
        ["azure"] = config.Cloud is not null,
        ["workspace_id"] = config["workspace_id"],
        ["account_id"] = config["account_id"],
        ["pipeline"] = PipelineToken.Place(config),
        ["auth"] = IdentityChoice.Of(config)[0].Name,
    };

    private JsonObject Command(DatabricksConfig config)
    {
        Version? version = row.Text("version") is { } text && text != "0.0.0" ? new Version(text) : null;
        IEnumerable<string> arguments = new DatabricksCli(config, () => default).Command(version).Skip(2);
        return new() { ["arguments"] = new JsonArray([.. arguments.Select(part => (JsonNode)part)]) };
    }

    private async Task<JsonObject> DiscoverAsync(DatabricksConfig config)
    {
        foreach (string path in new[] { "*/oauth-authorization-server*", "/oidc" })
            fixture.Server.Faults.Add("GET", path, Faults.Answer(200, """{"token_endpoint": "https://h/token"}"""));
        OidcDocument document = await new OidcEndpoints(Endpoint(), config).FindAsync(default);
        return new()
        {
            ["document"] = document.Source.PathAndQuery,
            ["audience"] = document.FederationAudience?.Replace(fixture.Host, "{host}"),
        };
    }

    private async Task<JsonObject> SignInAsync(DatabricksConfig config)
    {
        var identity = new DatabricksIdentity(config, new ConnectionOptions());
        using var request = new HttpRequestMessage();
        await identity.AuthenticateAsync(request, TestContext.Current.CancellationToken);
        string form = fixture.Server.Requests
            .LastOrDefault(sent => sent.Path.EndsWith("/v1/token", StringComparison.Ordinal))?.BodyText ?? "";
        string[] present = [.. request.Headers.Select(header => header.Key)];
        return new()
        {
            ["auth"] = identity.Method,
            ["signed in"] = request.Headers.Authorization is { Scheme: "Bearer", Parameter.Length: > 0 },
            ["headers"] = Names(row.Sdk["headers"], present.Contains),
            ["no headers"] = Names(row.Sdk["no headers"], name => !present.Contains(name)),
            ["scope"] = form.Split('&').Select(field => field.Split('=')).Where(field => field[0] == "scope")
                .Select(field => Uri.UnescapeDataString(field[1].Replace('+', ' '))).FirstOrDefault(),
        };
    }

    private static JsonArray Names(JsonNode? wanted, Func<string, bool> isSo) =>
        [.. (wanted?.AsArray() ?? []).Select(name => (string)name!).Where(isSo).Select(name => (JsonNode)name)];

    private static JsonElement Json(string text)
    {
        using JsonDocument document = JsonDocument.Parse(text);
        return document.RootElement.Clone();
    }

    private static TokenEndpoint Endpoint() => new(new ConnectionOptions(), () => DateTimeOffset.UtcNow);

    private DatabricksConfig Load() => DatabricksConfig.Load(
        row.Text("profile"), fixture.Environment.Read, fixture.Folder, token: null, found =>
            new WorkspaceLookup().FindHost(found, new ConnectionOptions()));

    private void Prepare()
    {
        fixture.Environment.Clear();
        foreach (KeyValuePair<string, string> variable in row.Variables)
            fixture.Set(variable.Key, Filled(variable.Value));
        if (row.ProfilesFile is { } text)
            fixture.Write(".databrickscfg", Filled(text) + HostOfCommand());
        if (row.Text("path") is "az" or "failing az")
            fixture.WriteProgram("az", row.Text("path") == "az" ? "exit 0" : "exit 1");
        if (row.Text("path") == "databricks")
            fixture.WriteProgram("databricks", "exit 0");
        foreach (KeyValuePair<string, JsonNode?> program in row.Programs)
            WriteProgram(program.Key, program.Value!.AsObject());
        foreach (KeyValuePair<string, JsonNode?> answer in row.Answers)
            AddAnswer(answer.Key, answer.Value!.AsObject());
    }

    // A profile passed to the CLI has its own host.
    private string HostOfCommand() =>
        row.Kind == "cli command" && fixture.Environment.Remove("DATABRICKS_HOST", out string? host) ? $"host = {host}\n" : "";

    private void AddAnswer(string path, JsonObject answer)
    {
        string body = answer["body"] switch { null => "", JsonValue value => (string)value!, var json => Filled(json.ToJsonString()) };
        (string, string)[] headers = (string?)answer["location"] is { } location ? [("Location", location)] : [];
        fixture.Server.Faults.Add("GET", path, Faults.Answer((int?)answer["status"] ?? 200, body, "application/json", headers), times: 9);
    }

    private void WriteProgram(string name, JsonObject program)
    {
        const string Token = """{"accessToken": "{token}", "expiresOn": "2099-01-01 00:00:00", "tokenType": "Bearer"}""";
        string user = (string?)program["user"] ?? "ada", refused = (string?)program["refuses"] ?? "nothing at all";
        string[] lines =
        [
            (string?)program["warning"] is { } warning ? $"echo '{warning}' >&2" : "",
            "if [ \"$1\" = version ]; then echo '{}'; exit; fi",
            $"if [ \"$2\" = show ]; then echo '{{\"user\": {{\"name\": \"{user}\", \"type\": \"servicePrincipal\"}}}}'; exit; fi",
            $"case \"$*\" in *'{refused}'*) echo 'ERROR: refused' >&2; exit 1;; esac",
            (string?)program["error"] is { } error ? $"echo 'Error: {error}' >&2; exit 1" : "",
            $"printf '%s' '{Filled((string?)program["output"] ?? Token)}'",
        ];
        fixture.WriteProgram(name, (string?)program["text"] is { } text ? $"# {text}" : string.Join("\n", lines));
    }

    private string Filled(string text) => text
        .Replace("{host}", fixture.Host)
        .Replace("{token}", "token-1")
        .Replace("{jwt}", text.Contains("{jwt}") ? fixture.Write("jwt", fixture.Issue("api://AzureADTokenExchange")) : "");
}
