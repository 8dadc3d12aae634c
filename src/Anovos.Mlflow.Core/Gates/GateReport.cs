using System.Globalization;
using System.Text;
using Anovos.Mlflow.Tracking;

namespace Anovos.Mlflow.Gates;

/// <summary>The results of a gate for a run.</summary>
/// <param name="Run">The run.</param>
/// <param name="Results">A result for each rule.</param>
public sealed record GateReport(Run Run, IReadOnlyList<GateResult> Results)
{
    private const int LongestReason = 600;

    /// <summary>The results of the rules that the run breaks.</summary>
    public IReadOnlyList<GateResult> Failed => [.. Results.Where(result => result.Outcome == GateOutcome.Failed)];

    /// <summary>Returns the report in Markdown, failures first. Names are escaped, so that they stay plain text.</summary>
    /// <param name="page">The address of the run's page; null if it has none.</param>
    public string ToMarkdown(string? page)
    {
        string name = Run.RunName.Length > 0 ? Run.RunName : Run.RunId;
        var text = new StringBuilder();
        text.Append("**").Append(Failed.Count > 0 ? GateOutcome.Failed : GateOutcome.Passed).Append("**: ").Append(Failed.Count)
            .Append(" of ").Append(Results.Count).Append(Results.Count == 1 ? " rule" : " rules").Append(" failed for MLflow run ")
            .Append(Markdown.Link(name, page)).Append("\n\n| outcome | rule | value | bound | reason |\n|---|---|---:|---:|---|\n");
        foreach (GateResult result in Results.OrderByDescending(result => result.Outcome))
        {
            text.Append("| ").Append(result.Outcome).Append(" | ").Append(Markdown.Text(result.Rule)).Append(" | ")
                .Append(Cell(result.Value)).Append(" | ").Append(Cell(result.Bound)).Append(" | ")
                .Append(Markdown.Text(result.Reason, LongestReason)).Append(" |\n");
        }

        return text.ToString();
    }

    private static string Cell(object? value) => value switch
    {
        null => "",
        double number => number.ToString("G6", CultureInfo.InvariantCulture),
        TimeSpan time => Markdown.Text(time.ToString("g", CultureInfo.InvariantCulture)),
        _ => Markdown.Text(Convert.ToString(value, CultureInfo.InvariantCulture) ?? ""),
    };
}
