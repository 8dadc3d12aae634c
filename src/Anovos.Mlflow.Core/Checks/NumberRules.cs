using System.Globalization;
using Anovos.Mlflow.Configuration;
using Anovos.Mlflow.Tracking;
using Anovos.Mlflow.Yaml;

namespace Anovos.Mlflow.Checks;

/// <summary>Checks the Python type and the range of numbers.</summary>
internal sealed class NumberRules(Findings findings, ValueRules values)
{
    /// <summary>Checks a value.</summary>
    public void Check(StepKey key, YamlNode node, string path)
    {
        bool text = node is YamlScalar { Kind: YamlKind.String };
        if (node is not YamlScalar scalar || scalar.IsNull || (text && !key.Flag("numericText")) || !PythonFloat.TryRead(Digits(scalar),
            out double number))
        {
            values.Type(key, node, path,
                key.Type == "integer" ? "a whole number" : IsExponent(node)
                ? "a number such as 1.0e+3: without the dot and the sign, YAML 1.1 reads it as text" : "a number");
            return;
        }

        if (scalar.Kind == YamlKind.Boolean)
            findings.Warn(RuleIds.ValueType, node.Position, path, $"'{key.Name}' is {node.Description}.",
                $"Python reads it as {number}.", "Write a number.");
        else if (key.Type == "integer" && scalar.Kind == YamlKind.Float && !key.Flag("decimals"))
            values.Type(key, node, path, "a whole number");
        else if (key.Flag("decimalsOnly") && scalar.Kind == YamlKind.Integer)
            values.Type(key, node, path, "a number with a decimal point");
        else if (number < key.Min || number <= key.Above || number > key.Max)
        {
            string low = key.Min is { } min ? $"{Plain(min)} or more" : key.Above is { } above ? $"more than {Plain(above)}" : "";
            string high = key.Max is { } max ? $"{Plain(max)} or less" : "";
            string advice = $"Write a number of {string.Join(" and ", new[] { low, high }.Where(part => part.Length > 0))}.";
            if (key.Flag("rangeIgnored"))
                findings.Warn(RuleIds.ValueRange, node.Position, path, $"'{key.Name}' is {node.Description}.", key.Effect ?? "", advice);
            else
                values.Wrong(RuleIds.ValueRange, key, node, path, $"'{key.Name}' is {node.Description}.", advice);
        }
    }

    /// <summary>Whether the node is a number with an exponent that YAML 1.1 reads as text.</summary>
    public static bool IsExponent(YamlNode node) => node is YamlScalar { Kind: YamlKind.String } scalar
        && PythonFloat.TryRead(scalar.Text.Trim(), out _);

    private static string Digits(YamlScalar scalar) =>
        scalar.Kind == YamlKind.Boolean ? scalar.Value == "True" ? "1" : "0" : scalar.Value.Trim().TrimStart('+').Replace("_", "");

    private static string Plain(double number) => number.ToString(CultureInfo.InvariantCulture);
}
