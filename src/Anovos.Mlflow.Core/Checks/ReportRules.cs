using Anovos.Mlflow.Configuration;
using Anovos.Mlflow.Yaml;

namespace Anovos.Mlflow.Checks;

/// <summary>Checks the reports.</summary>
internal sealed class ReportRules(WorkflowFile file)
{
    private static readonly string[] Sources = ["stats_generator", "quality_checker", "association_evaluator", "drift_detector",
        "report_preprocessing"];
    private readonly Findings _findings = file.Findings;

    /// <summary>Runs the checks and adds the findings.</summary>
    public void Check()
    {
        if (file.Running("report_generation") is { } report)
            FullReport(report);
        if (file.Running("report_preprocessing")?.Mapping("charts_to_objects") is { } charts)
            Charts(charts);
        if (file.IsBasic && file.Root.Mapping("anovos_basic_report")?.Mapping("report_args") is { } arguments)
            BasicReport(arguments);
    }

    private void FullReport(YamlMapping report)
    {
        YamlPosition at = file.At("report_generation");
        string? master = report["master_path"] is YamlScalar { IsTruthy: true } path ? path.Text : null;
        if (file.MasterPath is { } other && master is not null && Clean(other) != Clean(master))
        {
            _findings.Warn(RuleIds.ReportIncomplete, report["master_path"]!.Position, "report_generation.master_path",
                "The report reads a different 'master_path' than 'report_preprocessing' writes.",
                    "Anovos reports the statistics that it finds there: old ones, or none.",
                $"Write '{YamlScalar.Quote(other)}' in both blocks.");
        }

        if (!file.Metrics.Contains("global_summary"))
        {
            _findings.Note(RuleIds.ReportIncomplete, at, "report_generation", "The report needs 'global_summary', but no step writes it.",
                "Anovos prints that data are unavailable, writes no report, and continues.",
                    "Add 'global_summary' to 'stats_generator.metric'.");
        }

        foreach (string late in Sources.Where(block => file.Running(block) is not null
            && file.Order(block) > file.Order("report_generation")))
        {
            if (late != "report_preprocessing" || file.Steps.Any(step => step.Block == late))
            {
                _findings.Warn(RuleIds.StepOrder, file.At(late), late, $"'{late}' comes after 'report_generation'.",
                    "The report has no results of this block, or has results of an earlier run.",
                    $"Put '{late}' before 'report_generation'.");
            }
        }
    }

    private void Charts(YamlMapping charts)
    {
        bool noSource = charts["source_path"] is null or YamlScalar { Text: "NA" };
        YamlMapping? drift = file.Running("drift_detector")?.Mapping("drift_statistics");
        if (charts.Find("drift_detector") is { Value.IsTruthy: true } on && noSource && (drift is null
            || file.Order("drift_detector") > file.Order("report_preprocessing")))
        {
            _findings.Warn(RuleIds.StepOrder, on.Key.Position, "report_preprocessing.charts_to_objects.drift_detector",
                "The drift charts need 'drift_statistics', but no earlier step writes it.",
                "Anovos logs an error and continues without these charts.",
                    "Put 'drift_detector.drift_statistics' before it, or write 'drift_detector: False'.");
        }
    }

    private void BasicReport(YamlMapping arguments)
    {
        if (arguments["label_col"] is { IsTruthy: true } label && arguments["event_label"] is null or { IsTruthy: false })
        {
            _findings.Error(RuleIds.ValueCombination, label.Position, "anovos_basic_report.report_args.event_label",
                "'label_col' needs an 'event_label'.",
                "stops at the basic report: TypeError: Invalid input for Event Label Value.",
                    "Add 'event_label' with the value that counts as the event.");
        }
    }

    private static string Clean(string path) => path.Replace('\\', '/').TrimEnd('/') is var text && text.StartsWith("./",
        StringComparison.Ordinal) ? text.Substring(2) : text;
}
