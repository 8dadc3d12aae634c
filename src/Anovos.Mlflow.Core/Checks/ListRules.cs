using System.Text.RegularExpressions;
using Anovos.Mlflow.Configuration;
using Anovos.Mlflow.Yaml;

namespace Anovos.Mlflow.Checks;

/// <summary>Checks lists of names, types, expressions and patterns, also when written as text separated by bars.</summary>
internal sealed class ListRules(Findings findings)
{
    private readonly ValueRules _values = new(findings);

    /// <summary>The names in a list or in a text such as <c>a|b</c>, without items that are not text.</summary>
    public static IReadOnlyList<YamlScalar> Names(YamlNode? node) => node switch
    {
        YamlSequence list => [.. list.Items.OfType<YamlScalar>().Where(ValueRules.IsText)],
        YamlScalar { Kind: YamlKind.String } scalar =>
            [.. scalar.Text.Split('|').Select(name => new YamlScalar(scalar.Position, YamlKind.String, name.Trim(), name.Trim()))],
        _ => [],
    };

    /// <summary>Checks a value that is not null.</summary>
    public void Check(StepKey key, YamlNode node, string path)
    {
        bool isList = node is YamlSequence;
        bool listOnly = key.Type is "list" or "patterns" || key.Flag("listOnly");
        if (!isList && (listOnly || !ValueRules.IsText(node)))
        {
            _values.Type(key, node, path, listOnly ? "a list" : "names, as a list or as \"a|b\"");
            return;
        }

        foreach (YamlNode item in (node as YamlSequence)?.Items ?? [])
        {
            if (ValueRules.IsText(item) || key.Type == "list")
                continue;
            if (key.IgnoresMissing && item is YamlScalar)
                findings.Warn(RuleIds.ColumnIgnored, item.Position, path,
                    $"'{key.Name}' has {item.Description}, which is not a column name.", "Anovos ignores it.",
                    "Write the name in quotes.");
            else
                _values.Wrong(RuleIds.ValueType, key, item, path, $"'{key.Name}' has {item.Description}.",
                    "Write text, in quotes if it looks like a number.");
        }

        if (key.Type == "types")
            Types(key, node, path);
        else if (key.Type == "patterns")
            Patterns(key, (YamlSequence)node, path);
        else if (key.Type == "columns")
            Columns(key, node, path);
    }

    private void Types(StepKey key, YamlNode node, string path)
    {
        foreach (YamlScalar name in Names(node))
        {
            if (!key.Allowed.Contains(name.Text, StringComparer.OrdinalIgnoreCase) && !Formats.IsTypeWithParameters(name.Text))
            {
                string? nearest = name.Text == "str" ? "string" : Spelling.Nearest(name.Text, key.Allowed);
                _values.Wrong(RuleIds.ValueChoice, key, name, path, $"Spark has no type '{YamlScalar.Quote(name.Text)}'.",
                    nearest is null ? $"Write one of: {string.Join(", ", key.Allowed)}." : $"Write '{nearest}'.");
            }
        }
    }

    private void Patterns(StepKey key, YamlSequence list, string path)
    {
        foreach (YamlNode item in list.Items.Where(item => item is YamlScalar { Kind: YamlKind.String } pattern
            && !CanBePattern(pattern.Text)))
        {
            findings.Error(RuleIds.PatternInvalid, item.Position, path,
                $"'{YamlScalar.Quote(((YamlScalar)item).Text)}' is not a regular expression.",
                "stops when it runs the step: PythonException.",
                    "Check its brackets, and put a backslash before characters that are meant literally.");
        }
    }

    private void Columns(StepKey key, YamlNode node, string path)
    {
        if (node is YamlSequence { Items.Count: 0 } && key.TextIs("empty", "fails"))
        {
            findings.Error(RuleIds.ValueType, node.Position, path, $"'{key.Name}' is empty.", $"stops here: {key.Fails}.",
                $"Name columns{(key.Keywords.Contains("all") ? ", or write all" : "")}.");
        }
        else if (node is YamlScalar word && !key.Keywords.Contains(word.Text))
        {
            string? meant = key.Keywords.FirstOrDefault(keyword => string.Equals(keyword, word.Text, StringComparison.OrdinalIgnoreCase));
            if (meant is not null)
            {
                findings.Warn(RuleIds.ValueChoice, node.Position, path, $"'{key.Name}' is {node.Description}.",
                    $"Anovos reads it as a column name: it knows '{meant}' only in lower case.", $"Write '{meant}'.");
            }
        }
    }

    // Python's regular expressions differ a little from .NET's. Report only patterns that both reject.
    private static bool CanBePattern(string pattern)
    {
        if (pattern.Contains("(?P") || pattern.Contains("\\Z") || pattern.Contains("\\N"))
            return true;
        try
        {
            _ = new Regex(pattern);
            return true;
        }
        catch (ArgumentException)
        {
            return false;
        }
    }
}
