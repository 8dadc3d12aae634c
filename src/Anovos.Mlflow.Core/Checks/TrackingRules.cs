using Anovos.Mlflow.Configuration;
using Anovos.Mlflow.Yaml;

namespace Anovos.Mlflow.Checks;

/// <summary>Checks for settings that Anovos' own tracking fails at.</summary>
internal sealed class TrackingRules(WorkflowFile file)
{
    private const string Advice = "Run it with Invoke-AnovosWorkflow, which hides the block from Anovos. Or write "
        + "'track_reports: False' and 'send_reports: True', a key of this module that Anovos ignores.";

    private readonly Findings _findings = file.Findings;

    /// <summary>Runs the checks and adds the findings.</summary>
    public void Check()
    {
        if (file.Root.Mapping("mlflow") is not { } block)
            return;
        IEnumerable<StepKey> flags = StepTable.Default.Root.Find("mlflow")!.Keys.Where(key => key.RequiredWith is not null);
        foreach (StepKey key in flags.Where(key => block.Find(key.Name) is null && file.Block(key.RequiredWith!) is not null))
        {
            string flag = key.Name;
            _findings.Error(RuleIds.TrackingKeyMissing, file.At("mlflow"), "mlflow." + flag,
                $"'mlflow' has no '{flag}', but the file has '{key.RequiredWith}'.",
                $"stops after starting the run, which stays empty: KeyError: '{flag}'.", $"Add '{flag}: True' or '{flag}: False'.");
        }

        // Anovos tests the flag for truth, so any text counts as on.
        YamlEntry? reports = block.Find("track_reports");
        if (reports is { Value.IsTruthy: true })
            Reports(reports.Key.Position);
        BasicReport();
    }

    private void Reports(YamlPosition at)
    {
        if (file.MasterPath is not null && file.Running("stats_generator") is not null && file.Metrics.Count > 0)
        {
            _findings.Error(RuleIds.TrackingCrash, at, "mlflow.track_reports",
                "'track_reports' is on, and 'stats_generator' writes below a 'master_path'.",
                "writes the first statistic to a path with the run id, but reads it back from the path without the run id: "
                    + "AnalysisException: Path does not exist.",
                Advice, "local", "databricks");
        }

        if (file.Running("report_generation") is not null && file.Metrics.Contains("global_summary"))
        {
            _findings.Error(RuleIds.TrackingCrash, at, "mlflow.track_reports",
                "'track_reports' is on, and 'report_generation' writes the report.",
                "writes it to a folder named by the run id, which nothing creates: FileNotFoundError.",
                Advice, "local", "databricks");
        }
    }

    private void BasicReport()
    {
        if (!file.IsBasic)
            return;
        YamlMapping? arguments = file.Root.Mapping("anovos_basic_report")!.Mapping("report_args");
        YamlNode? node = arguments?["output_path"];
        string path = node is YamlScalar { Kind: YamlKind.String } text ? text.Text : ".";
        bool isPlain = path.Length > 0 && path[0] is not ('/' or '\\') && !path.Split('/').Any(part => part is "." or "..")
            && !path.Contains("://") && !HasDrive(path);
        if (!isPlain)
        {
            _findings.Error(RuleIds.TrackingCrash, node?.Position ?? file.At("anovos_basic_report"),
                "anovos_basic_report.report_args.output_path",
                $"The basic report goes to '{YamlScalar.Quote(path)}', and MLflow uses that as an artifact path.",
                "stops at the end of the run, and does not write the final dataset: MlflowException: Invalid artifact path.",
                "Write a path without './', such as 'report_stats'.", "local", "databricks");
        }
    }

    private static bool HasDrive(string path) => path.Length > 1 && path[1] == ':';
}
