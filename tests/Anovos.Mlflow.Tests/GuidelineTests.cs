using System.Management.Automation;

namespace Anovos.Mlflow.Tests;

/// <summary>
/// Tests names, parameters and pipeline binding against Microsoft's guidelines for cmdlets
/// (https://learn.microsoft.com/powershell/scripting/developer/cmdlet/required-development-guidelines, and "strongly encouraged").
/// </summary>
public sealed class GuidelineTests : IDisposable
{
    // Words that end in s but are not plurals.
    private static readonly string[] Singular = ["Alias", "Compress", "Status"];

    // PowerShell's name for any piped object, and MLflow's name for both a model's number and a project's branch or commit.
    private static readonly string[] OneWordForTwo = ["InputObject", "Version"];

    // A table, or a name and a value: the typed arguments decide. With a default set, a piped run would not be bound next to the other set.
    private static readonly string[] WithoutDefaultSet = ["Set-MlflowTag", "Write-MlflowMetric", "Write-MlflowParameter"];

    private readonly ScriptSession _session = new();
    private readonly CmdletInfo[] _cmdlets;
    private readonly List<string> _wrong = [];

    public GuidelineTests() => _cmdlets = [.. _session.Run("Get-Command -Module Anovos.Mlflow").Clean().Output.Select(item => (CmdletInfo)item.BaseObject)];

    [Fact]
    public void Cmdlets_have_approved_verbs_and_singular_nouns_in_PascalCase()
    {
        string[] approved = [.. new[] { typeof(VerbsCommon), typeof(VerbsCommunications), typeof(VerbsData), typeof(VerbsDiagnostic), typeof(VerbsLifecycle), typeof(VerbsOther), typeof(VerbsSecurity) }
            .SelectMany(verbs => verbs.GetFields().Select(verb => (string)verb.GetRawConstantValue()!))];
        foreach (CmdletInfo cmdlet in _cmdlets)
        {
            Expect(approved.Contains(cmdlet.Verb), $"{cmdlet.Name}: {cmdlet.Verb} is not an approved verb");
            Expect(IsPascalCase(cmdlet.Noun) && IsSingular(cmdlet.Noun), $"{cmdlet.Name}: the noun is to be one thing, in PascalCase");
            Expect(cmdlet.Noun.StartsWith("Mlflow", StringComparison.Ordinal) || cmdlet.Noun.StartsWith("Anovos", StringComparison.Ordinal), $"{cmdlet.Name}: the noun lacks the module's prefix");
        }

        AssertNothingWrong();
    }

    [Fact]
    public void Parameters_are_named_for_one_thing_and_mean_the_same_type_everywhere()
    {
        (CmdletInfo Cmdlet, ParameterMetadata Parameter)[] all = [.. _cmdlets.SelectMany(cmdlet => Own(cmdlet).Select(parameter => (cmdlet, parameter)))];
        foreach ((CmdletInfo cmdlet, ParameterMetadata parameter) in all)
        {
            string about = $"{cmdlet.Name} -{parameter.Name}";
            Expect(IsPascalCase(parameter.Name) && IsSingular(parameter.Name), $"{about}: one thing, in PascalCase");
            Expect(parameter.ParameterType != typeof(bool), $"{about}: a switch, where it is on or off");
            Expect(!parameter.Name.Contains("Token") && !parameter.Name.Contains("Password") || parameter.ParameterType.Name == "SecureString", $"{about}: a secret is a SecureString");
            foreach (string name in parameter.Aliases.Append(parameter.Name))
                Expect(!Cmdlet.CommonParameters.Contains(name), $"{about}: {name} is PowerShell's own");
        }

        foreach (IGrouping<string, Type> name in all.Where(one => !OneWordForTwo.Contains(one.Parameter.Name)).GroupBy(one => one.Parameter.Name, one => Element(one.Parameter.ParameterType)))
            Expect(name.Distinct().Count() == 1, $"-{name.Key} is {string.Join(" here and there ", name.Distinct().Select(type => type.Name))}");

        TestContext.Current.TestOutputHelper?.WriteLine($"{_cmdlets.Length} cmdlets, {all.Length} parameters of {all.DistinctBy(one => one.Parameter.Name).Count()} names");
        AssertNothingWrong();
    }

    [Fact]
    public void What_changes_something_can_be_asked_first_and_what_reads_cannot()
    {
        foreach (CmdletInfo cmdlet in _cmdlets.Where(cmdlet => cmdlet.Verb is "Export" or "Invoke" or "New" or "Receive" or "Remove" or "Restore" or "Send" or "Set" or "Show" or "Start" or "Stop" or "Sync" or "Use" or "Write"))
            Expect(cmdlet.Parameters.ContainsKey("WhatIf"), $"{cmdlet.Name} has no -WhatIf");
        foreach (CmdletInfo cmdlet in _cmdlets.Where(cmdlet => cmdlet.Verb is "Compare" or "Get" or "Import" or "Test"))
            Expect(!cmdlet.Parameters.ContainsKey("WhatIf"), $"{cmdlet.Name} changes nothing, and has -WhatIf");
        foreach (CmdletInfo cmdlet in _cmdlets.Where(cmdlet => cmdlet.Verb is "Remove"))
            Expect(cmdlet.ImplementingType.GetCustomAttributes(typeof(CmdletAttribute), false).Cast<CmdletAttribute>().Single().ConfirmImpact >= ConfirmImpact.Medium, $"{cmdlet.Name} removes and has a low impact");
        AssertNothingWrong();
    }

    [Fact]
    public void Parameter_sets_bind_from_the_pipeline_and_by_position_without_doubt()
    {
        foreach (CmdletInfo cmdlet in _cmdlets)
        {
            Expect(cmdlet.ParameterSets.Count == 1 || cmdlet.DefaultParameterSet is { Length: > 0 } || WithoutDefaultSet.Contains(cmdlet.Name), $"{cmdlet.Name}: no default parameter set");
            foreach (CommandParameterSetInfo set in cmdlet.ParameterSets)
            {
                CommandParameterInfo[] parameters = [.. set.Parameters];
                int[] positions = [.. parameters.Where(one => one.Position >= 0).Select(one => one.Position).Order()];
                Expect(positions.Distinct().Count() == positions.Length && positions.Length <= 3, $"{cmdlet.Name} ({set.Name}): positions {string.Join(", ", positions)}");
                Expect(parameters.Where(one => one.ValueFromPipeline).GroupBy(one => one.ParameterType).All(type => type.Count() == 1), $"{cmdlet.Name} ({set.Name}): two parameters take the same object from the pipeline");
                foreach (CommandParameterInfo parameter in parameters.Where(one => one.ParameterType == typeof(SwitchParameter)))
                    Expect(!parameter.IsMandatory && parameter.Position < 0 && !parameter.ValueFromPipeline, $"{cmdlet.Name} -{parameter.Name}: a switch is named and optional");
                Expect(!parameters.Any(one => one.Name == "Path" && one.Attributes.OfType<SupportsWildcardsAttribute>().Any()) || cmdlet.Parameters.ContainsKey("LiteralPath"), $"{cmdlet.Name}: -Path takes wildcards, and there is no -LiteralPath");
            }
        }

        AssertNothingWrong();
    }

    public void Dispose() => _session.Dispose();

    private static IEnumerable<ParameterMetadata> Own(CmdletInfo cmdlet) =>
        cmdlet.Parameters.Values.Where(parameter => !Cmdlet.CommonParameters.Contains(parameter.Name) && !Cmdlet.OptionalCommonParameters.Contains(parameter.Name));

    private static Type Element(Type type) => Nullable.GetUnderlyingType(type) ?? type.GetElementType() ?? type;

    private static bool IsPascalCase(string name) => char.IsAsciiLetterUpper(name[0]) && name.All(char.IsAsciiLetter);

    private static bool IsSingular(string name) => !name.EndsWith('s') || Singular.Any(word => name.EndsWith(word, StringComparison.Ordinal));

    private void Expect(bool holds, string otherwise)
    {
        if (!holds)
            _wrong.Add(otherwise);
    }

    private void AssertNothingWrong() => Assert.True(_wrong.Count == 0, string.Join(Environment.NewLine, _wrong));
}
