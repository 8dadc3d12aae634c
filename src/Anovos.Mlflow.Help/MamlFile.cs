using System.Management.Automation;
using System.Xml.Linq;

namespace Anovos.Mlflow.Help;

/// <summary>The help file that PowerShell reads: the texts of the pages, combined with the facts from the code.</summary>
internal static class MamlFile
{
    private static readonly XNamespace Maml = "http://schemas.microsoft.com/maml/2004/10";
    private static readonly XNamespace Command = "http://schemas.microsoft.com/maml/dev/command/2004/10";
    private static readonly XNamespace Dev = "http://schemas.microsoft.com/maml/dev/2004/10";
    private static readonly XNamespace Root = "http://msh";

    /// <summary>Returns the help for the cmdlets that have a page.</summary>
    public static XDocument Of(IEnumerable<CmdletInfo> cmdlets, IReadOnlyList<HelpPage> pages) =>
        new(new XElement(Root + "helpItems",
            new XAttribute("schema", "maml"),
            new XAttribute(XNamespace.Xmlns + "maml", Maml),
            new XAttribute(XNamespace.Xmlns + "command", Command),
            new XAttribute(XNamespace.Xmlns + "dev", Dev),
            cmdlets.Join(pages, cmdlet => cmdlet.Name, page => page.Name, Entry)));

    private static XElement Entry(CmdletInfo cmdlet, HelpPage page)
    {
        Dictionary<string, ParameterFacts> facts = ParameterFacts.OwnNames(cmdlet).ToDictionary(name => name, name => new ParameterFacts(cmdlet, name));
        return new XElement(Command + "command",
            new XElement(Command + "details",
                new XElement(Command + "name", cmdlet.Name),
                new XElement(Command + "verb", cmdlet.Verb),
                new XElement(Command + "noun", cmdlet.Noun),
                new XElement(Maml + "description", Paragraphs([page.Synopsis]))),
            new XElement(Maml + "description", Paragraphs(page.Description)),
            new XElement(Command + "syntax", cmdlet.ParameterSets.Select(set =>
                new XElement(Command + "syntaxItem",
                    new XElement(Maml + "name", cmdlet.Name),
                    Syntax.Parameters(set).Select(parameter => SyntaxParameter(parameter, facts[parameter.Name]))))),
            new XElement(Command + "parameters", page.Parameters.Where(text => facts.ContainsKey(text.Name)).Select(text => Parameter(text, facts[text.Name]))),
            new XElement(Command + "inputTypes", page.Inputs.Select(type => TypeEntry("inputType", type))),
            new XElement(Command + "returnValues", page.Outputs.Select(type => TypeEntry("returnValue", type))),
            page.Notes.Count == 0 ? null : new XElement(Maml + "alertSet", new XElement(Maml + "alert", Paragraphs(page.Notes))),
            new XElement(Command + "examples", page.Examples.Select(Example)),
            new XElement(Command + "relatedLinks", OnlineVersion(cmdlet.Name), page.Links.Select(link => Link(link))));
    }

    // Get-Help -Online opens the first link that has an address.
    private static XElement OnlineVersion(string cmdlet) => Link("Online Version:", new XElement(Maml + "uri", OnlineHelp.Of(cmdlet)));

    private static XElement Link(string text, XElement? address = null) =>
        new(Maml + "navigationLink", new XElement(Maml + "linkText", text), address);

    private static XElement SyntaxParameter(CommandParameterInfo parameter, ParameterFacts facts) =>
        new(Command + "parameter",
            new XAttribute("required", parameter.IsMandatory),
            new XAttribute("position", Position(facts)),
            new XElement(Maml + "name", facts.Name),
            facts.IsSwitch ? null
            : facts.Choices.Count == 0 ? Value(facts.Type, required: true)
            : new XElement(Command + "parameterValueGroup", facts.Choices.Select(choice => Value(choice, required: false))));

    private static XElement Parameter(ParameterText text, ParameterFacts facts)
    {
        string? accepted = facts.Choices.Count > 0 ? string.Join(", ", facts.Choices) : facts.Range;
        return new XElement(Command + "parameter",
            new XAttribute("required", facts.IsRequired),
            new XAttribute("globbing", facts.TakesWildcards),
            new XAttribute("pipelineInput", facts.Pipeline.Count == 0 ? "false" : $"true ({string.Join(", ", facts.Pipeline)})"),
            new XAttribute("position", Position(facts)),
            new XAttribute("aliases", string.Join(", ", facts.Aliases.DefaultIfEmpty("none"))),
            new XElement(Maml + "name", facts.Name),
            new XElement(Maml + "description", Paragraphs(accepted is null ? text.Text : [.. text.Text, $"Accepted: {accepted}."])),
            Value(facts.IsSwitch ? nameof(SwitchParameter) : facts.Type, required: !facts.IsSwitch),
            new XElement(Dev + "defaultValue", facts.Default ?? text.Default ?? (facts.IsSwitch ? "False" : "None")));
    }

    private static XElement Value(string text, bool required) => new(Command + "parameterValue", new XAttribute("required", required), text);

    private static XElement TypeEntry(string name, TypeText type) =>
        new(Command + name,
            new XElement(Dev + "type", new XElement(Maml + "name", type.Name)),
            new XElement(Maml + "description", Paragraphs(type.Text)));

    // The empty paragraph separates the examples, because PowerShell does not.
    private static XElement Example(Example example, int index) =>
        new(Command + "example",
            new XElement(Maml + "title", $"-------- Example {index + 1}: {example.Title} --------"),
            new XElement(Dev + "code", example.Code),
            new XElement(Dev + "remarks", Paragraphs([.. example.Remarks, ""])));

    private static string Position(ParameterFacts facts) => facts.Position?.ToString() ?? "named";

    private static IEnumerable<XElement> Paragraphs(IEnumerable<string> texts) => texts.Select(text => new XElement(Maml + "para", text));
}
