using System.Text.RegularExpressions;

namespace Anovos.Mlflow.Checks;

/// <summary>Knows Spark formats and types beyond the listed values of a key.</summary>
internal static class Formats
{
    /// <summary>A Spark SQL type with parameters, such as <c>decimal(10,2)</c>, in any case. Must be valid in JavaScript too.</summary>
    public const string TypeWithParameters = @"(?:decimal|dec|numeric)\s*\(\s*\d+\s*(?:,\s*\d+\s*)?\)|(?:var)?char\s*\(\s*\d+\s*\)"
        + @"|(?:array|map|struct)\s*<.+>|interval\b.*";

    /// <summary>Whether Spark may have the format: a known name, or the full name of a class.</summary>
    public static bool IsKnown(string format) =>
        format.IndexOf('.') > 0 || StepTable.Default.Formats.Contains(format, StringComparer.OrdinalIgnoreCase);

    /// <summary>Whether the text is a Spark SQL type with parameters.</summary>
    public static bool IsTypeWithParameters(string type) =>
        Regex.IsMatch(type, $@"^(?:{TypeWithParameters})\z", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant);
}
