using Anovos.Mlflow.Configuration;
using Anovos.Mlflow.Yaml;

namespace Anovos.Mlflow.Checks;

/// <summary>Checks that the output of each step has a target block, and checks the settings in these blocks.</summary>
internal sealed class WriteRules(WorkflowFile file)
{
    private static readonly string[] Targets = ["write_main", "write_intermediate", "write_stats"];
    private readonly Findings _findings = file.Findings;

    /// <summary>Runs the checks and adds the findings.</summary>
    public void Check()
    {
        Intermediates();
        Statistics();
        if (file.Root.Find("write_main") is null)
        {
            _findings.Note(RuleIds.WriteMissing, file.At("input_dataset"), "write_main", "The file has no 'write_main'.",
                "Anovos does not write the final dataset.",
                "To get it, add 'write_main' with a 'file_path'.");
        }

        foreach (string target in Targets)
            Target(target, file.Block(target));
        Feast();
    }

    private void Intermediates()
    {
        if (file.Block("write_intermediate") is not null)
            return;
        foreach (string block in new[] { "concatenate_dataset", "join_dataset", "quality_checker", "transformers" }.Where(ChangesData))
        {
            _findings.Error(RuleIds.WriteMissing, file.At(block), block,
                $"'{block}' changes the data, but the file has no 'write_intermediate'.",
                "loses the data there, and the next step fails with AttributeError: 'NoneType' object has no attribute 'dtypes'.",
                "Add 'write_intermediate' with 'file_path' and 'file_type'.");
        }
    }

    private bool ChangesData(string block) => file.Running(block) is not null
        && (block is "concatenate_dataset" or "join_dataset" || file.Steps.Any(step => step.Block == block));

    private void Statistics()
    {
        if (file.MasterPath is not null || file.Block("write_stats") is not null || file.Root.Find("report_preprocessing") is not null)
            return;
        foreach (string block in new[] { "stats_generator", "quality_checker", "association_evaluator", "drift_detector" })
        {
            bool writes = file.Running(block) is { } mapping
                && (block == "stats_generator" ? file.Metrics.Count > 0 : mapping.Entries.Any(entry => !entry.Value.IsNull));
            if (writes)
            {
                _findings.Error(RuleIds.WriteMissing, file.At(block), block,
                    $"'{block}' computes statistics, but the file does not say where to write them.",
                    "stops after the first statistic: AttributeError: 'NoneType' object has no attribute 'get'.",
                    "Add 'write_stats' with 'file_path' and 'file_type', or 'report_preprocessing' with 'master_path'.");
            }
        }
    }

    private void Target(string name, YamlMapping? block)
    {
        if (block is null)
            return;
        if (block["file_configs"] is null or YamlMapping && block.Mapping("file_configs")?["mode"] is null or { IsNull: true })
        {
            YamlPosition at = block.Find("file_configs")?.Key.Position ?? file.At(name);
            _findings.Warn(RuleIds.WriteMode, at, $"{name}.file_configs.mode", $"'{name}' has no 'mode'.",
                "Spark fails if the folder exists, so the second run fails: AnalysisException: path already exists.",
                "Add 'mode: overwrite' below 'file_configs'.");
        }

        if (name != "write_main" && block.Find("column_order") is { Value.IsTruthy: true } order)
        {
            _findings.Error(RuleIds.WriteKey, order.Key.Position, $"{name}.column_order", $"'column_order' works only in 'write_main'.",
                "stops when it reads the data back: TypeError: read_dataset() got an unexpected keyword argument 'column_order'.",
                    "Remove it.");
        }

        foreach (YamlEntry entry in name != "write_stats"
            ? [] : block.Entries.Where(entry => entry.Key.Text is "mlflow_run_id" or "log_mlflow"))
        {
            _findings.Warn(RuleIds.WriteKey, entry.Key.Position, $"{name}.{entry.Key.Text}",
                $"The workflow itself uses the key '{entry.Key.Text}'.",
                "Anovos stops when a step reads the statistics back.", "Remove it.");
        }
    }

    private void Feast()
    {
        if (file.Block("write_feast_features") is null)
            return;
        YamlPosition at = file.At("write_feast_features");
        if (file.Block("write_main")?.Mapping("file_configs")?["repartition"] is not YamlScalar { Value: "1" })
        {
            _findings.Error(RuleIds.FeastSettings, at, "write_feast_features", "'write_feast_features' needs a final dataset of one file.",
                "stops before the first step: ValueError: Please, set repartition parameter to 1 in write_main block in your config yml!",
                "Add 'repartition: 1' below 'write_main.file_configs'.");
        }

        if (file.Block("mlflow") is not null)
        {
            _findings.Error(RuleIds.FeastSettings, at, "write_feast_features", "'write_feast_features' fails with an 'mlflow' block.",
                "finds no final dataset below its run id, at the end of the run: IndexError: list index out of range.",
                    "Remove one of the two blocks.");
        }
    }
}
