using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;

namespace Anovos.Mlflow.Tests.Checks;

/// <summary>
/// The language server of VS Code's YAML extension, with the schema and the settings in the documentation. It is an npm package. Its
/// command is on the PATH or in the folder of Node modules in <c>ANOVOS_TEST_NODE_MODULES</c>.
/// </summary>
public sealed class LanguageServer : IAsyncDisposable
{
    private Process? _process;
    private int _last;

    private static JsonObject Settings => new()
    {
        ["yamlVersion"] = "1.1",
        ["schemas"] = new JsonObject { [new Uri(SchemaCheck.Path).AbsoluteUri] = "*.yaml" },
        ["schemaStore"] = new JsonObject { ["enable"] = false },
        ["validate"] = true,
        ["hover"] = true,
        ["completion"] = true,
    };

    /// <summary>Starts the server once; skips the test if it is not installed.</summary>
    internal async Task StartAsync()
    {
        if (_process is not null)
            return;
        string command = "yaml-language-server" + (OperatingSystem.IsWindows() ? ".cmd" : "");
        string? modules = Environment.GetEnvironmentVariable("ANOVOS_TEST_NODE_MODULES");
        string[] folders = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator);
        string? path = folders.Append(modules is null ? "" : Path.Combine(modules, ".bin")).Where(folder => folder.Length > 0)
            .Select(folder => Path.Combine(folder, command)).FirstOrDefault(File.Exists);
        if (path is null)
            Assert.Skip("yaml-language-server is neither on the PATH nor in the folder in ANOVOS_TEST_NODE_MODULES");
        _process = Process.Start(new ProcessStartInfo(path, "--stdio")
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        _process.BeginErrorReadLine();
        await AskAsync("initialize", new JsonObject
        {
            ["processId"] = null,
            ["rootUri"] = null,
            ["capabilities"] = new JsonObject { ["workspace"] = new JsonObject { ["configuration"] = true } },
        });
        await SendAsync("initialized", []);
        var settings = new JsonObject { ["settings"] = new JsonObject { ["yaml"] = Settings } };
        await SendAsync("workspace/didChangeConfiguration", settings);
    }

    /// <summary>Opens workflows, and returns the underlined parts of each: line, text and message.</summary>
    internal async Task<string[][]> CheckAsync(params string[] workflows)
    {
        List<string> documents = [];
        foreach (string yaml in workflows)
            documents.Add(await OpenAsync(yaml));
        return await MarksAsync(documents, workflows);
    }

    /// <summary>Opens a workflow with a path, so that its first line can refer to the schema.</summary>
    internal async Task<string[]> CheckAsync(string yaml, string path)
    {
        string document = await OpenAsync(yaml, new Uri(path).AbsoluteUri);
        return (await MarksAsync([document], [yaml]))[0];
    }

    /// <summary>Returns the completions at the end of a text.</summary>
    internal async Task<string[]> CompleteAsync(string yaml)
    {
        JsonNode? answer = await AtTheEndAsync("textDocument/completion", yaml, back: 0);
        return [.. (answer as JsonArray ?? answer!["items"]!.AsArray()).Select(item => (string)item!["label"]!)];
    }

    /// <summary>Returns the hover text of the last character of a text.</summary>
    internal async Task<string> HoverAsync(string yaml)
    {
        JsonNode? answer = await AtTheEndAsync("textDocument/hover", yaml, back: 1);
        return (string?)answer?["contents"]?["value"] ?? "";
    }

    public async ValueTask DisposeAsync()
    {
        if (_process is null)
            return;
        _process.Kill(entireProcessTree: true);
        await _process.WaitForExitAsync();
        _process.Dispose();
    }

    private async Task<string[][]> MarksAsync(List<string> documents, string[] workflows)
    {
        var found = new Dictionary<string, string[]>();
        while (found.Count < documents.Count)
        {
            JsonNode message = await ReadUntilAsync(message => (string?)message["method"] == "textDocument/publishDiagnostics");
            JsonNode published = message["params"]!;
            int index = documents.IndexOf((string)published["uri"]!);
            if (index >= 0)
                found[documents[index]] = [.. published["diagnostics"]!.AsArray().Where(item => !IsGreyed(item!))
                    .Select(item => Underlined(workflows[index], item!))];
        }

        return [.. documents.Select(document => found[document])];
    }

    // For example, an unused anchor.
    private static bool IsGreyed(JsonNode diagnostic) => diagnostic["tags"] is JsonArray { Count: > 0 };

    private static string Underlined(string yaml, JsonNode diagnostic)
    {
        JsonNode start = diagnostic["range"]!["start"]!, end = diagnostic["range"]!["end"]!;
        int line = (int)start["line"]!, from = (int)start["character"]!, to = (int)end["character"]!;
        string text = yaml.Split('\n')[line];
        text = (int)end["line"]! == line && to <= text.Length ? text[from..to] : text[from..];
        return $"{line + 1}: {text}: {(string?)diagnostic["message"]}";
    }

    private async Task<JsonNode?> AtTheEndAsync(string method, string yaml, int back)
    {
        string document = await OpenAsync(yaml);
        string[] lines = yaml.Split('\n');
        return await AskAsync(method, new JsonObject
        {
            ["textDocument"] = new JsonObject { ["uri"] = document },
            ["position"] = new JsonObject { ["line"] = lines.Length - 1, ["character"] = lines[^1].Length - back },
        });
    }

    // Each text is a separate document, because the server caches documents.
    private async Task<string> OpenAsync(string yaml, string? document = null)
    {
        document ??= $"file:///workflow/{++_last}.yaml";
        await SendAsync("textDocument/didOpen", new JsonObject
        {
            ["textDocument"] = new JsonObject { ["uri"] = document, ["languageId"] = "yaml", ["version"] = 1, ["text"] = yaml },
        });
        return document;
    }

    private async Task<JsonNode?> AskAsync(string method, JsonObject parameters)
    {
        int id = ++_last;
        await WriteAsync(new JsonObject { ["jsonrpc"] = "2.0", ["id"] = id, ["method"] = method, ["params"] = parameters });
        JsonNode answer = await ReadUntilAsync(message => message["method"] is null && (int?)message["id"] == id);
        Assert.Null(answer["error"]);
        return answer["result"];
    }

    private Task SendAsync(string method, JsonObject parameters) =>
        WriteAsync(new JsonObject { ["jsonrpc"] = "2.0", ["method"] = method, ["params"] = parameters });

    private async Task<JsonNode> ReadUntilAsync(Func<JsonNode, bool> isWanted)
    {
        while (true)
        {
            JsonNode message = await ReadAsync();
            if (isWanted(message))
                return message;

            // The server asks for its settings, and wants to register for changes.
            if (message["method"] is not null && message["id"] is { } id)
            {
                JsonArray? items = message["params"]?["items"]?.AsArray();
                JsonNode? result = items is null ? null
                    : new JsonArray([.. items.Select(item => (string?)item!["section"] == "yaml" ? Settings : new JsonObject())]);
                await WriteAsync(new JsonObject { ["jsonrpc"] = "2.0", ["id"] = id.DeepClone(), ["result"] = result });
            }
        }
    }

    private async Task WriteAsync(JsonObject message)
    {
        byte[] body = Encoding.UTF8.GetBytes(message.ToJsonString());
        Stream stream = _process!.StandardInput.BaseStream;
        await stream.WriteAsync(Encoding.ASCII.GetBytes($"Content-Length: {body.Length}\r\n\r\n"));
        await stream.WriteAsync(body);
        await stream.FlushAsync();
    }

    private async Task<JsonNode> ReadAsync()
    {
        CancellationToken cancellation = TestContext.Current.CancellationToken;
        Stream stream = _process!.StandardOutput.BaseStream;
        int length = 0;
        while (await ReadLineAsync(stream, cancellation) is { Length: > 0 } line)
        {
            if (line.StartsWith("Content-Length:", StringComparison.OrdinalIgnoreCase))
                length = int.Parse(line[15..], CultureInfo.InvariantCulture);
        }

        byte[] body = new byte[length];
        await stream.ReadExactlyAsync(body, cancellation);
        return JsonNode.Parse(body)!;
    }

    private static async Task<string> ReadLineAsync(Stream stream, CancellationToken cancellationToken)
    {
        var line = new StringBuilder();
        byte[] one = new byte[1];
        while (true)
        {
            await stream.ReadExactlyAsync(one, cancellationToken);
            if (one[0] == '\n')
                return line.ToString().TrimEnd('\r');
            line.Append((char)one[0]);
        }
    }
}
