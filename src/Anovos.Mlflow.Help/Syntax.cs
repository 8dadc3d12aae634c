using System.Management.Automation;

namespace Anovos.Mlflow.Help;

/// <summary>The syntax of a cmdlet, in the notation of PowerShell's own help.</summary>
internal static class Syntax
{
    private const int Width = 100;

    /// <summary>
    /// Returns the parameters of a set in display order: positional, required, other, and then those that all changing cmdlets have.
    /// </summary>
    public static IReadOnlyList<CommandParameterInfo> Parameters(CommandParameterSetInfo set) =>
        [.. set.Parameters.Where(parameter => !Cmdlet.CommonParameters.Contains(parameter.Name)).OrderBy(Rank)];

    /// <summary>Returns the syntax of each parameter set, wrapped to the width of a page.</summary>
    public static string Of(CmdletInfo cmdlet) =>
        string.Join("\n\n", cmdlet.ParameterSets.Select(set => Wrap([cmdlet.Name, .. Parameters(set).Select(parameter => Of(parameter, new ParameterFacts(cmdlet, parameter.Name))), "[<CommonParameters>]"])));

    private static string Of(CommandParameterInfo parameter, ParameterFacts facts)
    {
        string name = parameter.Position < 0 ? $"-{facts.Name}" : $"[-{facts.Name}]";
        string value = facts.IsSwitch ? "" : facts.Choices.Count > 0 ? $" {{{string.Join(" | ", facts.Choices)}}}" : $" <{facts.Type}>";
        return parameter.IsMandatory ? name + value : $"[{name}{value}]";
    }

    private static int Rank(CommandParameterInfo parameter) =>
        parameter.Name is "WhatIf" or "Confirm" ? int.MaxValue : parameter.Position >= 0 ? parameter.Position : parameter.IsMandatory ? int.MaxValue - 2 : int.MaxValue - 1;

    private static string Wrap(IReadOnlyList<string> words)
    {
        string text = words[0];
        int used = text.Length;
        foreach (string word in words.Skip(1))
        {
            bool fits = used + 1 + word.Length <= Width;
            text += (fits ? " " : "\n    ") + word;
            used = (fits ? used + 1 : 4) + word.Length;
        }

        return text;
    }
}
