using System.Text.RegularExpressions;
using Anovos.Mlflow.Configuration;
using Anovos.Mlflow.Yaml;

namespace Anovos.Mlflow.Checks;

/// <summary>Checks a value against the type, the choices and the range of its key.</summary>
internal sealed class ValueRules
{
    private readonly Findings _findings;
    private readonly NumberRules _numbers;

    /// <summary>Creates rules that add to these findings.</summary>
    public ValueRules(Findings findings)
    {
        _findings = findings;
        _numbers = new NumberRules(findings, this);
    }

    /// <summary>Checks a value that is not null.</summary>
    public void Check(StepKey key, YamlNode node, string path)
    {
        switch (key.Type)
        {
            case "mapping":
                Type(key, node, path, "a block of keys");
                break;
            case "flag":
                if (node is not YamlScalar flag || (flag.Boolean is null && !(flag.Kind == YamlKind.String && IsWord(flag.Text, "true",
                    "false"))))
                    Type(key, node, path, "True or False");
                break;
            case "boolean":
                if (node is not YamlScalar { Boolean: not null })
                    Type(key, node, path, "True or False without quotes");
                break;
            case "option":
                if (node is not YamlScalar option || !IsWord(option.Value, "true", "false"))
                    Type(key, node, path, "True or False");
                break;
            case "truth":
                Truth(key, node, path);
                break;
            case "number" or "integer":
                _numbers.Check(key, node, path);
                break;
            case "numbers":
                foreach (YamlNode item in node is YamlSequence numbers ? numbers.Items : [node])
                    _numbers.Check(key, item, path);
                break;
            case "choice" or "choices":
                Choice(key, node, path);
                break;
            case "metrics":
                Metrics(key, node, path);
                break;
            case "columns" or "names" or "types" or "expressions" or "list" or "patterns":
                new ListRules(_findings).Check(key, node, path);
                break;
            case "column":
                if (!IsText(node) && !(key.Flag("listAllowed") && node is YamlSequence))
                    Type(key, node, path, "the name of a column");
                break;
            case "text":
                if (!IsText(node))
                    Type(key, node, path, "text, in quotes if it looks like a number");
                break;
            case "path" or "paths":
                if (!IsText(node) && !(key.Type == "paths" && node is YamlSequence { Items.Count: > 0 } many && many.Items.All(IsText)))
                    Type(key, node, path, "a path, in quotes if it looks like a number");
                break;
            case "span":
                if (!IsText(node) || !Regex.IsMatch(((YamlScalar)node).Text, @"^\s*[-+0-9.eE]+\s*,\s*[-+0-9.eE]+\s*,\s*[-+0-9.eE]+\s*\z"))
                    Type(key, node, path, "'from,to,step' as text");
                break;
            case "value":
                if (node is not YamlScalar)
                    Type(key, node, path, "a single value");
                break;
            case "unwritable":
                Type(key, node, path, "nothing here: the value is a Python object, which YAML cannot express");
                break;
        }
    }

    /// <summary>Reports a value of the wrong type.</summary>
    public void Type(StepKey key, YamlNode node, string path, string wanted) =>
        Wrong(RuleIds.ValueType, key, node, path, $"'{key.Name}' is {node.Description}.", $"Write {wanted}.");

    /// <summary>Reports a wrong value. The table says whether Anovos rejects it or ignores it.</summary>
    public void Wrong(string rule, StepKey key, YamlNode node, string path, string message, string advice)
    {
        if (key.HasOwnRule)
            return;
        if (key.IgnoresWrong)
            _findings.Warn(rule, node.Position, path, message, key.Effect ?? "Anovos does not check it.", advice);
        else
            _findings.Error(rule, node.Position, path, message, $"stops here: {Raised(key, node)}.", advice);
    }

    // Where a number may be text, Anovos converts the text first.
    private static string Raised(StepKey key, YamlNode node) => node is YamlScalar { Kind: YamlKind.String } scalar
        && key.Flag("numericText") && !NumberRules.IsExponent(node)
        ? $"ValueError: could not convert string to float: '{YamlScalar.Quote(scalar.Text)}'" : key.Fails ?? "TypeError";

    private void Truth(StepKey key, YamlNode node, string path)
    {
        if (node is YamlScalar { Kind: YamlKind.Boolean or YamlKind.Integer or YamlKind.Float } or YamlScalar { Text: "" })
            return;
        _findings.Warn(RuleIds.ValueTruth, node.Position, path,
            $"'{key.Name}' is {node.Description}, which counts as {(node.IsTruthy ? "true" : "false")}.",
            key.Effect ?? "", "Write True or False without quotes.");
    }

    private void Choice(StepKey key, YamlNode node, string path)
    {
        string[] words = node switch
        {
            YamlScalar { Kind: YamlKind.String } scalar when key.Type == "choices" => scalar.Text == "all"
                ? [] : [.. scalar.Text.Split('|').Select(word => word.Trim())],
            YamlSequence { Items.Count: > 0 } list when key.Type == "choices"
                && list.Items.All(IsText) => [.. list.Items.Select(item => ((YamlScalar)item).Text)],
            YamlScalar scalar => [scalar.Value],
            _ => [""],
        };
        StringComparer comparer = key.Flag("anyCase") ? StringComparer.OrdinalIgnoreCase : StringComparer.Ordinal;
        IEnumerable<string> allowed = key.Type == "choices" ? key.Allowed.Where(word => word != "all") : key.Allowed;
        if (words.FirstOrDefault(word => !allowed.Contains(word, comparer) && !(key.Flag("open")
            && Formats.IsKnown(word))) is not { } wrong)
            return;
        string? alias = key.TextOf("aliases", wrong) ?? Spelling.Nearest(wrong, key.Allowed);
        Wrong(RuleIds.ValueChoice, key, node, path, $"'{key.Name}' is {node.Description}.",
            alias is null ? $"Write one of: {string.Join(", ", key.Allowed)}." : $"Write '{alias}'.");
    }

    // ConfigCheck already reports a value that is not a list of texts.
    private void Metrics(StepKey key, YamlNode node, string path)
    {
        foreach (YamlScalar item in ((node as YamlSequence)?.Items ?? []).OfType<YamlScalar>().Where(item => item.Kind == YamlKind.String))
        {
            if (!key.Allowed.Contains(item.Text) && !key.Helpers.Contains(item.Text))
            {
                _findings.Error(RuleIds.MetricUnknown, item.Position, path, $"There is no statistic '{YamlScalar.Quote(item.Text)}'.",
                    $"stops here: {key.Fails} '{YamlScalar.Quote(item.Text)}'.", KeyRules.Advice(item.Text, key.Allowed));
            }
        }
    }

    /// <summary>Whether a node is text.</summary>
    public static bool IsText(YamlNode node) => node is YamlScalar { Kind: YamlKind.String };

    private static bool IsWord(string text, params string[] words) => words.Contains(text, StringComparer.OrdinalIgnoreCase);
}
