using Anovos.Mlflow.Configuration;
using Anovos.Mlflow.Yaml;

namespace Anovos.Mlflow.Checks;

/// <summary>Compares the keys of a mapping with those that Anovos accepts there, and checks their values.</summary>
internal sealed class KeyRules(Findings findings)
{
    private const int MostNames = 12;
    private readonly StepTable _table = StepTable.Default;
    private readonly ValueRules _values = new(findings);

    /// <summary>Checks a mapping and everything below it. Findings about it are at the position of its key.</summary>
    public void Check(StepKey spec, YamlMapping mapping, YamlPosition at, string path)
    {
        spec = _table.Shape(spec);
        if (!mapping.IsTruthy && spec.Flag("emptyIsNone"))
            return;
        foreach (YamlEntry entry in mapping.Entries)
            Check(spec, entry, $"{path}.{YamlScalar.Quote(entry.Key.Text)}");
        foreach (StepKey key in spec.Keys.Where(key => key.IsRequired && mapping.Find(key.Name) is null))
        {
            string fails = key.Fails ?? $"TypeError: {spec.FunctionName}() missing 1 required argument: '{key.Name}'";
            findings.Error(RuleIds.KeyMissing, at, $"{path}.{key.Name}", $"'{Last(path)}' has no '{key.Name}'.", $"stops here: {fails}.",
                Add(key));
        }
    }

    /// <summary>Checks the value of a key.</summary>
    public void Check(StepKey key, YamlNode value, YamlPosition at, string path)
    {
        if (key.Broken is { } broken)
        {
            if (!value.IsNull)
            {
                findings.Error(RuleIds.StepBroken, at, path, $"'{key.Name}' cannot run from a workflow.", $"stops here: {broken}.",
                    $"Use '{key.Instead}', or remove it.");
            }
        }
        else if (key.Set == "workflow")
        {
            findings.Error(RuleIds.KeySetByWorkflow, at, path, $"The workflow itself sets '{key.Name}'.",
                $"stops here: TypeError: got multiple values for keyword argument '{key.Name}'.", "Remove it.");
        }
        else if (value.IsNull)
            Null(key, value, path);
        else if (value is YamlMapping mapping && (key.Type == "mapping" || key.Keys.Count > 0 || key.Shape is not null))
            Check(key, mapping, at, path);
        else
            _values.Check(key, value, path);
    }

    private void Check(StepKey spec, YamlEntry entry, string path)
    {
        YamlPosition at = entry.Key.Position;
        StepKey? key = entry.Key.Kind == YamlKind.String ? spec.Find(entry.Key.Text) : null;
        if (key is not null)
            Check(key, entry.Value, at, path);
        else if (spec.Helpers.Contains(entry.Key.Text))
            findings.Warn(RuleIds.StepHelper, at, path, $"'{entry.Key.Text}' is a function of Anovos, not a step.", spec.Effect!,
                "Remove it.");
        else if (spec.Others is "refused" or "ignored")
            Unknown(spec, entry, path);
        else if (spec.Others == "options")
            Option(entry, path);
        else if (spec.Others is "dataset" or "group")
            Named(spec.Others == "group" ? _table.Group : _table.Dataset, entry, path);
    }

    private void Null(StepKey key, YamlNode value, string path)
    {
        if (key.IsNullable || key.HasOwnRule)
            return;
        string message = $"'{key.Name}' is null.";
        string advice = key.IsRequired ? "Write a value." : "Write a value, or remove the key.";
        if (key.IgnoresWrong)
            findings.Warn(RuleIds.ValueNull, value.Position, path, message, key.Effect!, advice);
        else
            findings.Error(RuleIds.ValueNull, value.Position, path, message, $"stops here: {key.Fails ?? "null is not allowed"}.",
                advice);
    }

    private void Unknown(StepKey spec, YamlEntry entry, string path)
    {
        string name = YamlScalar.Quote(entry.Key.Text);
        string[] names = [.. spec.Keys.Where(key => !key.IsHidden && key.Set != "workflow" && key.Broken is null).Select(key => key.Name)];
        string advice = Advice(entry.Key.Text, names);
        bool steps = spec.Keys.Count > 0 && spec.Keys.All(key => key.Function is not null || key.Broken is not null);
        if (spec.Others == "ignored")
            findings.Warn(RuleIds.KeyUnknown, entry.Key.Position, path, $"'{Last(path, 1)}' has no key '{name}'.", "Anovos ignores it.",
                advice);
        else if (steps)
        {
            // A null step is skipped before its function is looked up.
            if (entry.Value.IsNull)
                findings.Warn(RuleIds.StepUnknown, entry.Key.Position, path, $"There is no step '{name}' here.",
                    "Anovos skips it because it is null.", advice);
            else
                findings.Error(RuleIds.StepUnknown, entry.Key.Position, path, $"There is no step '{name}' here.",
                    $"stops here: {spec.Unknown} '{name}'.", advice);
        }
        else
        {
            string raised = spec.Unknown ?? $"TypeError: {spec.FunctionName}() got an unexpected keyword argument";
            findings.Error(RuleIds.KeyUnknown, entry.Key.Position, path, $"'{Last(path, 1)}' has no argument '{name}'.",
                $"stops at the step: {raised} '{name}'.", advice);
        }
    }

    // Each format has its own options, so only a name similar to a known option is certainly a mistake.
    private void Option(YamlEntry entry, string path)
    {
        string name = entry.Key.Text;
        if (_table.Options.Contains(name, StringComparer.OrdinalIgnoreCase) || Spelling.Nearest(name, _table.Options) is not { } nearest)
            return;
        findings.Warn(RuleIds.OptionUnknown, entry.Key.Position, path, $"Spark has no option '{YamlScalar.Quote(name)}'.",
            "Spark ignores it.",
            $"Write '{nearest}'.");
    }

    private void Named(StepKey shape, YamlEntry entry, string path)
    {
        if (entry.Value is YamlMapping mapping)
            Check(shape, mapping, entry.Key.Position, path);
        else if (shape == _table.Dataset)
        {
            findings.Error(RuleIds.ValueType, entry.Value.Position, path,
                $"'{Last(path)}' is {entry.Value.Description}, but a dataset must be a mapping.",
                "stops here: AttributeError: the value has no attribute 'get'.", "Write 'read_dataset:' below it, or remove the key.");
        }
    }

    private static string Add(StepKey key) =>
        key.Default is { ValueKind: not System.Text.Json.JsonValueKind.Null } value
            ? $"Add '{key.Name}: {value.ToString()}'." : $"Add '{key.Name}': {Lower(key.Summary)}";

    private static string Lower(string summary) => summary.Length == 0
        ? "it is required." : char.ToLowerInvariant(summary[0]) + summary.Substring(1);

    /// <summary>What to write instead of an unknown name.</summary>
    public static string Advice(string name, IReadOnlyList<string> names)
    {
        if (Spelling.Nearest(name, names) is { } nearest)
            return $"Write '{nearest}'.";
        string more = names.Count > MostNames ? " …" : "";
        return names.Count == 0 ? "Remove it." : $"Remove it, or write one of: {string.Join(", ", names.Take(MostNames))}{more}.";
    }

    private static string Last(string path, int skip = 0)
    {
        string[] parts = path.Split('.');
        return parts.Length > skip ? parts[parts.Length - 1 - skip] : path;
    }
}
