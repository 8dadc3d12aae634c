using System.Management.Automation;
using System.Management.Automation.Language;
using System.Xml.Linq;

namespace Anovos.Mlflow.Tests;

/// <summary>The help that is written by hand, held against the cmdlets that there are.</summary>
public sealed class HelpTests : IDisposable
{
    private static readonly XNamespace Maml = "http://schemas.microsoft.com/maml/2004/10";
    private static readonly XNamespace Command = "http://schemas.microsoft.com/maml/dev/command/2004/10";
    private static readonly XNamespace Dev = "http://schemas.microsoft.com/maml/dev/2004/10";

    // What examples use besides this module: in PowerShell 7 and in Windows PowerShell, but not in a test's bare session.
    private static readonly string[] ShellCommands =
        ["ConvertTo-SecureString", "Get-ChildItem", "Get-Credential", "Get-Date", "Import-Csv", "Measure-Object", "Sort-Object", "Start-Sleep", "python"];

    private readonly ScriptSession _session = new();
    private readonly CmdletInfo[] _cmdlets;
    private readonly Dictionary<string, XElement> _help;

    public HelpTests()
    {
        _cmdlets = [.. _session.Run("Get-Command -Module Anovos.Mlflow").Clean().Output.Select(item => (CmdletInfo)item.BaseObject)];
        XDocument file = XDocument.Load(Path.Combine(Repository.StagedModule, "en-US", "Anovos.Mlflow.dll-Help.xml"));
        _help = file.Root!.Elements(Command + "command").ToDictionary(entry => entry.Element(Command + "details")!.Element(Command + "name")!.Value);
    }

    [Fact]
    public void Every_cmdlet_in_the_manifest_has_help_and_the_help_has_no_other() =>
        Assert.Equal(_cmdlets.Select(cmdlet => cmdlet.Name).Order(), _help.Keys.Order());

    [Fact]
    public void PowerShell_shows_a_synopsis_a_description_and_two_examples_of_every_cmdlet()
    {
        ScriptResult result = _session.Run(
            """
            foreach ($command in Get-Command -Module Anovos.Mlflow) {
                $help = Get-Help $command.Name -Full
                $about = $command.Name
                if (-not $help.Synopsis -or $help.Synopsis.Contains($command.Name)) { "$about has no synopsis" }
                if (-not $help.Description -or -not $help.Description[0].Text) { "$about has no description" }
                if (@($help.Examples.Example).Count -lt 2) { "$about has too few examples" }
                foreach ($example in $help.Examples.Example) {
                    if (-not $example.Title -or -not $example.Code -or -not $example.Remarks[0].Text) { "$about has an example without title, code or remark" }
                }
            }
            """).Clean();
        AssertNone(result.Texts);
    }

    [Fact]
    public void Every_parameter_is_described_as_it_is_and_no_other_is()
    {
        List<string> wrong = [];
        foreach (CmdletInfo cmdlet in _cmdlets)
        {
            Dictionary<string, XElement> described = (_help[cmdlet.Name].Element(Command + "parameters")?.Elements() ?? []).ToDictionary(Name);
            string[] own = OwnParameters(cmdlet);
            wrong.AddRange(own.Except(described.Keys).Select(name => $"{cmdlet.Name} -{name} is not described"));
            wrong.AddRange(described.Keys.Except(own).Select(name => $"{cmdlet.Name} -{name} does not exist"));
            wrong.AddRange(own.Intersect(described.Keys).Where(name => Text(described[name].Element(Maml + "description")).Length == 0).Select(name => $"{cmdlet.Name} -{name} has no text"));
            wrong.AddRange(own.Intersect(described.Keys).SelectMany(name => Differences(cmdlet, name, described[name])));
        }

        AssertNone(wrong);
    }

    [Fact]
    public void Every_parameter_set_is_in_the_syntax_and_no_other_is()
    {
        List<string> wrong = [];
        foreach (CmdletInfo cmdlet in _cmdlets)
        {
            string[] sets = [.. cmdlet.ParameterSets.Select(set => string.Join(" ", Written(set.Parameters.Where(IsOwn).Select(parameter => (parameter.Name, parameter.IsMandatory)))))];
            string[] shown = [.. _help[cmdlet.Name].Descendants(Command + "syntaxItem").Select(item => string.Join(" ", Written(item.Elements(Command + "parameter").Select(parameter => (Name(parameter), Value(parameter, "required") == "true")))))];
            wrong.AddRange(sets.Except(shown).Select(set => $"{cmdlet.Name} lacks: {set}"));
            wrong.AddRange(shown.Except(sets).Select(set => $"{cmdlet.Name} has no: {set}"));
        }

        AssertNone(wrong);

        static IEnumerable<string> Written(IEnumerable<(string Name, bool IsMandatory)> parameters) =>
            parameters.OrderBy(parameter => parameter.Name, StringComparer.Ordinal).Select(parameter => parameter.IsMandatory ? $"-{parameter.Name}" : $"[-{parameter.Name}]");
    }

    [Fact]
    public void Inputs_outputs_and_links_name_what_there_is()
    {
        List<string> wrong = [];
        foreach (CmdletInfo cmdlet in _cmdlets)
        {
            XElement help = _help[cmdlet.Name];
            string[] outputs = [.. cmdlet.OutputType.Select(type => type.Name == "System.Void" ? "None" : type.Name)];
            string[] described = [.. help.Descendants(Command + "returnValue").Select(TypeName)];
            if (!outputs.Order().SequenceEqual(described.Order()))
                wrong.Add($"{cmdlet.Name} puts out {string.Join(", ", outputs)}, the help says {string.Join(", ", described)}");
            bool takesInput = cmdlet.ParameterSets.SelectMany(set => set.Parameters).Any(parameter => parameter.ValueFromPipeline || parameter.ValueFromPipelineByPropertyName);
            if (takesInput == help.Descendants(Command + "inputType").All(input => TypeName(input) == "None"))
                wrong.Add($"{cmdlet.Name} takes input: {takesInput}, the help says otherwise");
            wrong.AddRange(help.Descendants(Maml + "linkText").Select(link => link.Value).Where(link => !_help.ContainsKey(link) && link != "about_Anovos.Mlflow").Select(link => $"{cmdlet.Name} links to {link}"));
        }

        AssertNone(wrong);
    }

    [Fact]
    public void Every_example_parses_and_names_only_commands_and_parameters_that_exist()
    {
        string[] known = [.. ShellCommands, .. _session.Run("Get-Command -CommandType Cmdlet, Function | ForEach-Object Name").Clean().Texts];
        List<string> wrong = [];
        foreach ((string cmdlet, string code) in _help.SelectMany(entry => entry.Value.Descendants(Dev + "code").Select(code => (entry.Key, code.Value))))
        {
            ScriptBlockAst script = Parser.ParseInput(code, out _, out ParseError[] errors);
            wrong.AddRange(errors.Select(error => $"{cmdlet}: {error.Message} in: {code}"));
            CommandAst[] commands = [.. script.FindAll(ast => ast is CommandAst, searchNestedScriptBlocks: true).Cast<CommandAst>()];
            wrong.AddRange(commands.Where(command => !known.Contains(command.GetCommandName())).Select(command => $"{cmdlet}: there is no {command.GetCommandName()}"));
            wrong.AddRange(commands.SelectMany(UnknownParameters).Select(parameter => $"{cmdlet}: {parameter}"));
            if (!commands.Any(command => command.GetCommandName() == cmdlet))
                wrong.Add($"{cmdlet}: the example does not use it: {code}");
        }

        AssertNone(wrong);
    }

    [Fact]
    public void The_overview_is_found_and_every_Windows_PowerShell_can_read_it()
    {
        string text = _session.Run("Get-Help about_Anovos.Mlflow").Clean().Single.ToString();
        Assert.Contains("WHERE A COMMAND TRACKS TO", text);

        // Windows PowerShell takes a text file for one of the system's code page.
        Assert.DoesNotContain(text, character => character > '~');
    }

    public void Dispose() => _session.Dispose();

    // All of them, and in full: who changes a cmdlet mends its help from this list.
    private static void AssertNone(IReadOnlyCollection<string> wrong) => Assert.True(wrong.Count == 0, string.Join(Environment.NewLine, wrong));

    private static bool IsOwn(CommandParameterInfo parameter) => !Cmdlet.CommonParameters.Contains(parameter.Name);

    private static string[] OwnParameters(CmdletInfo cmdlet) => [.. cmdlet.Parameters.Keys.Except(Cmdlet.CommonParameters)];

    private static string Name(XElement parameter) => parameter.Element(Maml + "name")!.Value;

    private static string Value(XElement element, string attribute) => element.Attribute(attribute)?.Value ?? "";

    private static string Text(XElement? element) => element?.Value.Trim() ?? "";

    private static string TypeName(XElement value) => value.Element(Dev + "type")!.Element(Maml + "name")!.Value;

    private static IEnumerable<string> Differences(CmdletInfo cmdlet, string name, XElement described)
    {
        ParameterMetadata parameter = cmdlet.Parameters[name];
        string type = Text(described.Element(Command + "parameterValue")), realType = (Nullable.GetUnderlyingType(parameter.ParameterType) ?? parameter.ParameterType).Name;
        if (!type.Equals(realType, StringComparison.OrdinalIgnoreCase) && (type, realType) is not (("int", "Int32") or ("long", "Int64")))
            yield return $"{cmdlet.Name} -{name} is of type {realType}, the help says {type}";
        string aliases = string.Join(", ", parameter.Aliases.DefaultIfEmpty("none"));
        if (Value(described, "aliases") != aliases)
            yield return $"{cmdlet.Name} -{name} has the aliases {aliases}, the help says {Value(described, "aliases")}";
        bool globbing = parameter.Attributes.OfType<SupportsWildcardsAttribute>().Any();
        if (Value(described, "globbing") != (globbing ? "true" : "false"))
            yield return $"{cmdlet.Name} -{name} takes wildcards: {globbing}, the help says otherwise";

        // A parameter may differ between sets: what is described holds in one of them.
        string[] real = [.. cmdlet.ParameterSets.SelectMany(set => set.Parameters.Where(one => one.Name == name)).Select(Describe)];
        string said = $"required {Value(described, "required")}, position {Value(described, "position")}, pipeline {Value(described, "pipelineInput")}";
        if (!real.Contains(said))
            yield return $"{cmdlet.Name} -{name} is {real[0]}, the help says {said}";
    }

    private static string Describe(CommandParameterInfo parameter)
    {
        string[] pipeline = [.. new[] { parameter.ValueFromPipeline ? "ByValue" : "", parameter.ValueFromPipelineByPropertyName ? "ByPropertyName" : "" }.Where(way => way.Length > 0)];
        return $"required {(parameter.IsMandatory ? "true" : "false")}, position {(parameter.Position < 0 ? "named" : parameter.Position)}, "
            + $"pipeline {(pipeline.Length == 0 ? "false" : $"true ({string.Join(", ", pipeline)})")}";
    }

    private IEnumerable<string> UnknownParameters(CommandAst command)
    {
        CmdletInfo? cmdlet = _cmdlets.FirstOrDefault(one => one.Name == command.GetCommandName());
        return cmdlet is null
            ? []
            : command.CommandElements.OfType<CommandParameterAst>().Where(parameter => !cmdlet.Parameters.ContainsKey(parameter.ParameterName)).Select(parameter => $"{cmdlet.Name} has no -{parameter.ParameterName}");
    }
}
