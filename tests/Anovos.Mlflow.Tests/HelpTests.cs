using System.Management.Automation;
using System.Management.Automation.Language;
using System.Reflection;
using Anovos.Mlflow.Help;

namespace Anovos.Mlflow.Tests;

/// <summary>Compares the pages of the cmdlets with the existing cmdlets, and with the help that PowerShell shows.</summary>
public sealed class HelpTests : IDisposable
{
    private const string Overview = "about_Anovos_Mlflow";
    private const string Mend = "; dotnet build src/Anovos.Mlflow -t:RefreshHelp brings the pages up to date";

    // Commands from outside this module in examples. PowerShell 7 and Windows PowerShell have them, but a test's bare session does not.
    private static readonly string[] ShellCommands =
    [
        "ConvertTo-SecureString", "Export-Csv", "Format-Table", "Get-ChildItem", "Get-Credential", "Get-Date", "Import-Csv", "Measure-Object",
        "Set-Content", "Sort-Object", "Start-Sleep", "python",
    ];

    private static readonly string Folder = Path.Combine(Repository.Root, "docs", "cmdlets");

    private readonly ScriptSession _session = new();
    private readonly Dictionary<string, CmdletInfo> _cmdlets;
    private readonly IReadOnlyList<HelpPage> _pages = PageFolder.Read(Folder);

    public HelpTests() =>
        _cmdlets = _session.Run("Get-Command -Module Anovos.Mlflow").Clean().Output.Select(item => (CmdletInfo)item.BaseObject).ToDictionary(cmdlet => cmdlet.Name);

    [Fact]
    public void Every_cmdlet_has_its_page_and_there_is_no_other()
    {
        Assert.Equal(_cmdlets.Keys.Order(StringComparer.Ordinal), _pages.Select(page => page.Name));
        Assert.All(_pages, page => Assert.Equal(page.Name, Path.GetFileNameWithoutExtension(page.FilePath)));
    }

    [Fact]
    public void What_the_pages_repeat_of_the_code_is_as_it_is()
    {
        AssertNone(_pages.Where(page => Refreshed.Page(page, _cmdlets[page.Name]) != page.Source).Select(page => $"{page.Name} does not match the code{Mend}"));
        string index = File.ReadAllText(Path.Combine(Folder, PageFolder.IndexName));
        Assert.True(Refreshed.Index(index, _pages) == index.Replace("\r\n", "\n"), "the index does not match the pages" + Mend);
        AssertNone(_pages.Where(page => index.Split($"[{page.Name}]({page.Name}.md)").Length != 2).Select(page => $"{page.Name} is not in the index exactly once"));
    }

    [Fact]
    public void Every_page_says_all_that_a_page_has_to_say() =>
        AssertNone(_pages.SelectMany(page => Lacking(page, _cmdlets[page.Name])));

    [Fact]
    public void Inputs_outputs_and_links_name_what_there_is() =>
        AssertNone(_pages.SelectMany(page => Misnamed(page, _cmdlets[page.Name])));

    [Fact]
    public void Every_example_parses_and_names_only_commands_and_parameters_that_exist()
    {
        string[] known = [.. ShellCommands, .. _session.Run("Get-Command -CommandType Cmdlet, Function | ForEach-Object Name").Clean().Texts];
        AssertNone(_pages.SelectMany(page => page.Examples.SelectMany(example => Mistakes(page.Name, example.Code, known))));
    }

    // The Pester tests have a window and test the layout.
    [Fact]
    public void PowerShell_finds_every_synopsis_syntax_parameter_and_example()
    {
        PSObject[] found = [.. _session.Run(
            """
            foreach ($name in $names) {
                $help = Get-Help $name -Full
                $paragraphs = $help.Description, $help.alertSet.alert, $help.parameters.parameter.description, $help.examples.example.remarks
                , [string[]] @(
                    $help.Synopsis; $help.parameters.parameter.name; $help.examples.example.code; $help.relatedLinks.navigationLink.linkText
                    $paragraphs | ForEach-Object { $_ } | ForEach-Object { $_ } | ForEach-Object { "$($_.Text)".Trim() }
                    foreach ($title in $help.examples.example.title) { $title -replace '^-+ Example \d+: | -+$' }
                    foreach ($item in $help.syntax.syntaxItem) { "$($item.name) $($item.parameter.name)".TrimEnd() })
            }
            """,
            ("names", _pages.Select(page => page.Name).ToArray())).Clean().Output];
        Assert.Equal(_pages.Count, found.Length);
        AssertNone(_pages.Zip(found).SelectMany(pair => NotFound(pair.First, (string[])pair.Second.BaseObject)));
    }

    [Fact]
    public void PowerShell_finds_what_the_code_says_of_a_parameter()
    {
        string[] said = _session.Run(
            """
            foreach ($name in 'Kind', 'ThrottleLimit', 'WhatIf') {
                $parameter = Get-Help Send-AnovosArtifact -Parameter $name
                "$name $($parameter.parameterValue), $($parameter.required), $($parameter.position), $($parameter.pipelineInput), $($parameter.defaultValue), $($parameter.description[-1].Text)"
            }
            """).Clean().Texts;
        Assert.Equal(
            [
                "Kind string, true, named, false, None, Accepted: Output, Report, Statistic, Intermediate.",
                "ThrottleLimit int, false, named, false, 32, Accepted: 1 to 64.",
                "WhatIf SwitchParameter, false, named, false, False, Shows how many files would be sent and how large they are. Nothing is sent; only outputs that would not be sent anyway return rows.",
            ],
            said);
    }

    // PowerShell gives a command the address that Get-Help -Online would open as its HelpUri.
    [Fact]
    public void Every_cmdlet_has_an_online_version()
    {
        string[] found = _session.Run(
            """
            foreach ($command in Get-Command -Module Anovos.Mlflow) {
                $first = @((Get-Help $command.Name).relatedLinks.navigationLink)[0]
                "$($command.Name): $($command.HelpUri), $($first.linkText) $($first.uri)"
            }
            """).Clean().Texts;
        Assert.Equal(
            _cmdlets.Keys.Select(name => $"{name}: {OnlineHelp.Of(name)}, Online Version: {OnlineHelp.Of(name)}").Order(StringComparer.Ordinal),
            found.Order(StringComparer.Ordinal));
        Assert.All(_cmdlets.Keys, name => Assert.True(File.Exists(Path.Combine(Folder, new Uri(OnlineHelp.Of(name)).Segments[^1]))));
    }

    [Fact]
    public void The_overview_names_every_error_id_and_every_Windows_PowerShell_can_read_it()
    {
        string text = _session.Run("Get-Help " + Overview).Clean().Single.ToString();
        Assert.Contains("WHERE A COMMAND TRACKS TO", text);

        // Windows PowerShell reads a text file in the system's code page, and finds such a topic only under this name.
        Assert.DoesNotContain(text, character => character > '~');
        Assert.All(text.Split('\n'), line => Assert.True(line.TrimEnd().Length <= 80, line));
        Assembly core = Assembly.LoadFile(Path.Combine(Repository.StagedModule, "deps", "net8.0", "Anovos.Mlflow.Core.dll"));
        AssertNone(core.GetType("Anovos.Mlflow.ErrorKind", throwOnError: true)!.GetEnumNames().Where(kind => !text.Split(' ', ',', '\n', '\r', '\'').Contains(kind)).Select(kind => $"{Overview} lacks {kind}"));
    }

    public void Dispose() => _session.Dispose();

    // List every problem in full, so that the author of a change can correct the page from this list.
    private static void AssertNone(IEnumerable<string> wrong)
    {
        string[] all = [.. wrong];
        Assert.True(all.Length == 0, string.Join(Environment.NewLine, all));
    }

    private static IEnumerable<string> Lacking(HelpPage page, CmdletInfo cmdlet)
    {
        if (page.Synopsis.Length == 0 || page.Description.Count == 0)
            yield return $"{page.Name} has no synopsis or no description";
        if (page.Examples.Count < 2)
            yield return $"{page.Name} has fewer than two examples";
        foreach (Example example in page.Examples.Where(example => example.Remarks.Count == 0))
            yield return $"{page.Name} has no text for its example '{example.Title}'";
        foreach (string name in page.Parameters.Select(parameter => parameter.Name).Except(ParameterFacts.OwnNames(cmdlet)))
            yield return $"{page.Name} has no parameter {name}";
        foreach (ParameterText parameter in page.Parameters.Where(parameter => parameter.Text.Count == 0))
            yield return $"{page.Name} has no text for -{parameter.Name}";
        foreach (ParameterText parameter in page.Parameters.Where(parameter => parameter.Default is not null && new ParameterFacts(cmdlet, parameter.Name).Default is not null))
            yield return $"{page.Name} repeats the default of -{parameter.Name}, which is in the code";
    }

    private IEnumerable<string> Misnamed(HelpPage page, CmdletInfo cmdlet)
    {
        string[] outputs = [.. cmdlet.OutputType.Select(type => type.Name == "System.Void" ? "None" : type.Name)];
        if (!outputs.Order().SequenceEqual(page.Outputs.Select(type => type.Name).Order()))
            yield return $"{page.Name} returns {string.Join(", ", outputs)}, but the page names other types";
        bool takesInput = cmdlet.ParameterSets.SelectMany(set => set.Parameters).Any(parameter => parameter.ValueFromPipeline || parameter.ValueFromPipelineByPropertyName);
        if (takesInput == page.Inputs.All(type => type.Name == "None"))
            yield return $"{page.Name} takes input: {takesInput}, but the page says otherwise";
        foreach (string link in page.Links.Where(link => !_cmdlets.ContainsKey(link) && link != Overview && !HelpTopicTests.Topics.Contains(link)))
            yield return $"{page.Name} links to {link}";
    }

    private IEnumerable<string> Mistakes(string name, string code, string[] known)
    {
        ScriptBlockAst script = Parser.ParseInput(code, out _, out ParseError[] errors);
        CommandAst[] commands = [.. script.FindAll(ast => ast is CommandAst, searchNestedScriptBlocks: true).Cast<CommandAst>()];
        foreach (ParseError error in errors)
            yield return $"{name}: {error.Message} in: {code}";
        foreach (CommandAst command in commands)
        {
            if (!known.Contains(command.GetCommandName()))
                yield return $"{name}: there is no {command.GetCommandName()}";
            foreach (CommandParameterAst parameter in command.CommandElements.OfType<CommandParameterAst>().Where(parameter => _cmdlets.TryGetValue(command.GetCommandName(), out CmdletInfo? cmdlet) && !cmdlet.Parameters.ContainsKey(parameter.ParameterName)))
                yield return $"{name}: {command.GetCommandName()} has no -{parameter.ParameterName}";
        }

        if (!commands.Any(command => command.GetCommandName() == name))
            yield return $"{name}: the example does not use it: {code}";
    }

    private IEnumerable<string> NotFound(HelpPage page, string[] found)
    {
        IEnumerable<string> texts =
        [
            page.Synopsis, .. page.Description, .. page.Notes, .. page.Links,
            .. page.Parameters.SelectMany(parameter => parameter.Text.Prepend(parameter.Name)),
            .. page.Examples.SelectMany(example => example.Remarks.Prepend(example.Code).Prepend(example.Title)),
            .. _cmdlets[page.Name].ParameterSets.Select(set => string.Join(" ", Syntax.Parameters(set).Select(parameter => parameter.Name).Prepend(page.Name))),
        ];
        return texts.Except(found).Select(text => $"Get-Help {page.Name} does not show: {text}");
    }
}
