using Anovos.Mlflow.Configuration;
using Anovos.Mlflow.Yaml;

namespace Anovos.Mlflow.Checks;

/// <summary>Checks what Anovos' own tracking fails at.</summary>
internal sealed class TrackingRules(WorkflowFile file)
{
    private const string Advice = "Run it with Invoke-AnovosWorkflow, which keeps the block from Anovos; or write "
        + "'track_reports: False' and 'send_reports: True', a key of this module, which Anovos ignores.";

    private readonly Findings _findings = file.Findings;

    /// <summary>Adds what is found to the findings.</summary>
    public void Check()
    {
        if (file.Root.Mapping("mlflow") is not { } block)
            return;
        IEnumerable<StepKey> flags = StepTable.Default.Root.Find("mlflow")!.Keys.Where(key => key.RequiredWith is not null);
        foreach (StepKey key in flags.Where(key => block.Find(key.Name) is null && file.Block(key.RequiredWith!) is not null))
        {
            string flag = key.Name;
            _findings.Error(RuleIds.TrackingKeyMissing, file.At("mlflow"), "mlflow." + flag,
                $"'mlflow' has no '{flag}', and the file has '{key.RequiredWith}'.",
                $"stops after it has started the run, which stays empty: KeyError: '{flag}'.", $"Add '{flag}: True' or '{flag}: False'.");
        }

        // Anovos tests the truth of the flag, so that text counts as on.
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
                "writes the first statistic below its run id and reads it back without it: AnalysisException: Path does not exist.",
                Advice, "local", "databricks");
        }

        if (file.Running("report_generation") is not null && file.Metrics.Contains("global_summary"))
        {
            _findings.Error(RuleIds.TrackingCrash, at, "mlflow.track_reports",
                "'track_reports' is on, and 'report_generation' writes the report.",
                "writes it into a folder of the run's id that nothing creates: FileNotFoundError.",
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
                $"The basic report goes to '{YamlScalar.Quote(path)}', and MLflow takes that for an artifact path.",
                "stops after all the work, and does not write the final dataset: MlflowException: Invalid artifact path.",
                "Write a path without './', as 'report_stats'.", "local", "databricks");
        }
    }

    private static bool HasDrive(string path) => path.Length > 1 && path[1] == ':';
}
