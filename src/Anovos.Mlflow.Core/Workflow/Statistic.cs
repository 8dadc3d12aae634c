using System.Globalization;

namespace Anovos.Mlflow.Workflow;

/// <summary>One cell of a table of statistics.</summary>
/// <param name="Table">The table, such as <c>measures_of_counts</c>.</param>
/// <param name="Attribute">The column of the data that the statistic describes; null if it describes all of the data.</param>
/// <param name="Name">The name of the statistic, such as <c>missing_pct</c> or <c>1%</c>.</param>
/// <param name="Text">The value as written in the table.</param>
public sealed record Statistic(string Table, string? Attribute, string Name, string Text)
{
    /// <summary>The value as a number; null for text.</summary>
    public double? Number { get; } = ToNumber(Text);

    /// <summary>The unchanged table, attribute and name, separated by slashes.</summary>
    public string Path => Attribute is null ? $"{Table}/{Name}" : $"{Table}/{Attribute}/{Name}";

    private static double? ToNumber(string text) => text.Trim().ToUpperInvariant() switch
    {
        "NAN" => double.NaN,
        "INF" or "INFINITY" => double.PositiveInfinity,
        "-INF" or "-INFINITY" => double.NegativeInfinity,
        _ => Floats.TryRead(text, NumberStyles.Float, out double number) ? number : null,
    };
}
