using System.Text.RegularExpressions;

namespace Anovos.Mlflow.Checks;

/// <summary>Formats and types of Spark that are not among the values of a key.</summary>
internal static class Formats
{
    /// <summary>A type of Spark SQL with parameters, as <c>decimal(10,2)</c>, in any case. JavaScript reads this expression too.</summary>
    public const string TypeWithParameters = @"(?:decimal|dec|numeric)\s*\(\s*\d+\s*(?:,\s*\d+\s*)?\)|(?:var)?char\s*\(\s*\d+\s*\)"
        + @"|(?:array|map|struct)\s*<.+>|interval\b.*";

    /// <summary>Whether Spark may have the format: a known one, or the full name of a class.</summary>
    public static bool IsKnown(string format) =>
        format.IndexOf('.') > 0 || StepTable.Default.Formats.Contains(format, StringComparer.OrdinalIgnoreCase);

    /// <summary>Whether it is a type of Spark SQL with parameters.</summary>
    public static bool IsTypeWithParameters(string type) =>
        Regex.IsMatch(type, $@"^(?:{TypeWithParameters})\z", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant);
}
