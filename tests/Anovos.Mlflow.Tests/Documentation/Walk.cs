using System.Text.RegularExpressions;
using YamlDotNet.Serialization;

namespace Anovos.Mlflow.Tests.Documentation;

/// <summary>A command, what it led to, and what of that is not as the page says; null where all is.</summary>
internal sealed record Step(Command Command, Answer Answer, string? Wrong);

/// <summary>The way of a reader through a page, who types all of it in its order.</summary>
internal sealed partial class Walk(Reader reader)
{
    private readonly List<Step> _steps = [];
    private readonly List<Command> _untyped = [];
    private World _world = null!;

    /// <summary>The commands that need python3 where it is missing, and those of the same session.</summary>
    public IReadOnlyList<Command> Untyped => _untyped;

    /// <summary>Whether there is a language in which the block can be typed.</summary>
    public static bool Runs(Command command) => Elsewhere.Of(command) is null && command.Language is "powershell" or "yaml";

    /// <summary>Reads a page in one session, or where its parts are read by themselves, each of them in one.</summary>
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
            // The next one is made while this one is read.
            _world = await next;
            if (index + 1 < parts.Length)
                next = Task.Run(World.CreateAsync);
            reader.Begin(_world);
            if (page.IsHelp)
                Assert.Empty(reader.Type(_world.Here(World.BeforeAnExample)).Errors);
            foreach (Command command in part)
                Follow(command);

            // The servers give up connections that are kept; nobody waits for that.
            ends.Add(_world.DisposeAsync().AsTask());
        }

        await Task.WhenAll(ends);
        return _steps;
    }

    // A workflow file is one that can be read; of steps of a pipeline the scripts are typed; a block that says a file's name is that file. Rules of a gate are
    // no workflow: the commands beside them read the file.
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
            // A page may show one block; a workflow has an input as well.
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

    // What is shown has to come, an error too. Where nothing is shown there may be anything but an error.
    private void Type(Command command, string script)
    {
        Answer answer = reader.Type(_world.Here(script));
        answer = answer with { Text = _world.Shown(answer.Text, command) };
        string wrong = command.Shown is { } shown
            ? Shape.Difference(shown, answer.Text) is { Length: > 0 } difference ? $"{difference}\n  all that came:\n{answer.Text.TrimEnd()}" : ""
            : string.Concat(answer.Errors.Select(error => $"\n  {error.Id}: {_world.Shown(error.Message, command)}"));
        _steps.Add(new Step(command, answer, wrong.Length == 0 ? null : $"{command.Place}: {command.FirstLine}{wrong}"));
    }

    // What World puts on the PATH in their place runs python3 as well.
    [GeneratedRegex(@"\b(python3?|spark-submit)\b", RegexOptions.CultureInvariant)]
    private static partial Regex Python();

    [GeneratedRegex(@"^# (?<name>\w+\.(ps1|yaml))$", RegexOptions.CultureInvariant)]
    private static partial Regex FileName();
}
