using System.Text.RegularExpressions;
using YamlDotNet.Serialization;

namespace Anovos.Mlflow.Tests.Documentation;

/// <summary>A command, its result, and the difference from the page; null if there is none.</summary>
internal sealed record Step(Command Command, Answer Answer, string? Wrong);

/// <summary>Walks through a page like a reader who types all of its commands in order.</summary>
internal sealed partial class Walk(Reader reader)
{
    private readonly List<Step> _steps = [];
    private readonly List<Command> _untyped = [];
    private World _world = null!;

    /// <summary>The commands that need a missing python3, and the other commands of the same session.</summary>
    public IReadOnlyList<Command> Untyped => _untyped;

    /// <summary>Whether the block can be typed.</summary>
    public static bool Runs(Command command) => Elsewhere.Of(command) is null && command.Language is "powershell" or "yaml";

    /// <summary>Reads a page in one session, or in one session for each part if its parts are read on their own.</summary>
    public async Task<IReadOnlyList<Step>> ThroughAsync(Page page)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "the stand-ins of programs are shell scripts");
        List<Task> ends = [];
        IGrouping<string, Command>[] parts = [.. page.Commands.Where(Runs).GroupBy(command => page.IsHelp ? command.Place : page.IsTroubleshooting ? command.Heading : page.Path)];
        if (InvokeWorkflowTests.Python is null)
        {
            ILookup<bool, IGrouping<string, Command>> byNeed = parts.ToLookup(part => part.Any(command => Python().IsMatch(command.Text)));
            _untyped.AddRange(byNeed[true].SelectMany(part => part));
            parts = [.. byNeed[false]];
        }

        if (parts.Length == 0)
            return _steps;
        Task<World> next = Task.Run(World.CreateAsync);
        foreach ((int index, IGrouping<string, Command> part) in parts.Index())
        {
            // Create the next world while this one is being read.
            _world = await next;
            if (index + 1 < parts.Length)
                next = Task.Run(World.CreateAsync);
            reader.Begin(_world);
            if (page.IsHelp)
                Assert.Empty(reader.Type(_world.Here(World.BeforeAnExample)).Errors);
            foreach (Command command in part)
                Follow(command);

            // The servers wait for kept connections to close; do not wait for the servers.
            ends.Add(_world.DisposeAsync().AsTask());
        }

        await Task.WhenAll(ends);
        return _steps;
    }

    // A workflow file must be readable. The scripts of pipeline steps are typed. A block that starts with a file name becomes that file.
    // Rules of a gate are not a workflow: the commands next to them read the file.
    private void Follow(Command command)
    {
        string name = FileName().Match(command.FirstLine) is { Success: true } match ? match.Groups["name"].Value : "shown.yaml";
        if (name == "gate.yaml" || (command.Language == "powershell" && name != "shown.yaml"))
        {
            File.WriteAllText(Path.Combine(_world.Folder, name), command.Text);
        }
        else if (command.Language == "powershell")
        {
            Type(command, command.Text);
        }
        else if (!command.Text.StartsWith('-'))
        {
            // A page may show a single block, but a workflow also needs an input.
            bool isWhole = command.Text.Contains("input_dataset:", StringComparison.Ordinal);
            string input = isWhole ? "" : "\ninput_dataset: { read_dataset: { file_path: data, file_type: csv } }\n";
            File.WriteAllText(Path.Combine(_world.Folder, name), command.Text + input);
            Type(command, $"$null = Import-AnovosConfig ./{name} -ErrorAction Stop; Test-AnovosConfig ./{name} | Where-Object Severity -eq Error | ForEach-Object {{ throw $_ }}");
        }
        else
        {
            foreach (Dictionary<string, object> step in new DeserializerBuilder().Build().Deserialize<List<Dictionary<string, object>>>(command.Text))
            {
                if ((step.GetValueOrDefault("pwsh") ?? step.GetValueOrDefault("powershell")) is string script)
                    Type(command, script);
            }
        }
    }

    // Output that the page shows must appear, including errors. If the page shows none, any output is fine except an error.
    private void Type(Command command, string script)
    {
        Answer answer = reader.Type(_world.Here(script));
        answer = answer with { Text = _world.Shown(answer.Text, command) };
        string wrong = command.Shown is { } shown
            ? Shape.Difference(shown, answer.Text) is { Length: > 0 } difference ? $"{difference}\n  the whole output:\n{answer.Text.TrimEnd()}" : ""
            : string.Concat(answer.Errors.Select(error => $"\n  {error.Id}: {_world.Shown(error.Message, command)}"));
        _steps.Add(new Step(command, answer, wrong.Length == 0 ? null : $"{command.Place}: {command.FirstLine}{wrong}"));
    }

    // The programs that World puts on the PATH in place of these also run python3.
    [GeneratedRegex(@"\b(python3?|spark-submit)\b", RegexOptions.CultureInvariant)]
    private static partial Regex Python();

    [GeneratedRegex(@"^# (?<name>\w+\.(ps1|yaml))$", RegexOptions.CultureInvariant)]
    private static partial Regex FileName();
}
