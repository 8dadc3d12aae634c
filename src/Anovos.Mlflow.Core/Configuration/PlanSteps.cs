using System.Text.RegularExpressions;
using Anovos.Mlflow.Yaml;

namespace Anovos.Mlflow.Configuration;

/// <summary>Walks the blocks of a workflow as Anovos does, and finds the outputs of their steps.</summary>
internal sealed class PlanSteps(YamlMapping root, PlanRows rows, PlanTargets targets)
{
    /// <summary>The reason why a step that is null writes nothing.</summary>
    public const string IsNull = "the step is null and does not run";

    private readonly bool _basicReport = root.Mapping("anovos_basic_report")?["basic_report"] is { IsTruthy: true };

    /// <summary>Whether the name can be a function of Anovos. Anovos builds paths from such names.</summary>
    public static bool IsFunctionName(string name) => Regex.IsMatch(name, @"^[A-Za-z_][A-Za-z0-9_]*\z", RegexOptions.CultureInvariant);

    /// <summary>The metrics that the statistics generator should compute.</summary>
    public static IEnumerable<string> Metrics(YamlMapping block) =>
        (block["metric"] as YamlSequence)?.Items.OfType<YamlScalar>().Select(item => item.Text).Distinct() ?? [];

    /// <summary>Adds the rows of all blocks.</summary>
    public void Walk()
    {
        foreach (YamlEntry entry in root.Entries)
            Block(entry.Key.Text, entry.Value);

        // Anovos writes these last, wherever their blocks are.
        targets.FinalDataset("write_main");
        targets.Features("write_feast_features");
    }

    private void Block(string name, YamlNode node)
    {
        var block = node as YamlMapping;
        switch (name)
        {
            case "concatenate_dataset" or "join_dataset":
                targets.Intermediate(name, $"data_ingest/{name}", node.IsNull ? IsNull : null);
                break;
            case "timeseries_analyzer":
                Analyzer(name, node, block, "auto_detection", "inspection");
                break;
            case "geospatial_controller":
                Analyzer(name, node, block?.Mapping("geospatial_analyzer"), "auto_detection_analyzer");
                break;
            case "anovos_basic_report":
                string? off = _basicReport ? null : "basic_report is off: the step does not run";
                targets.BasicReport(name, block?.Mapping("report_args"), node.IsNull ? IsNull : off);
                break;
            case "stats_generator" or "quality_checker" or "association_evaluator" or "drift_detector":
                WholeIfNull(OutputKind.Statistic, name, node);
                Statistics(name, block);
                break;
            case "transformers":
                WholeIfNull(OutputKind.Intermediate, name, node);
                foreach (YamlEntry group in block?.Entries ?? [])
                    Transformers($"{name}.{group.Key.Text}", group.Value);
                break;
            case "report_preprocessing":
                WholeIfNull(OutputKind.Report, name, node);
                if (block?["charts_to_objects"] is { } charts)
                {
                    targets.Shared(OutputKind.Report, $"{name}.charts_to_objects", WhyNot(charts));
                    targets.Kept($"{name}.charts_to_objects", "charts_to_objects", charts as YamlMapping, "source_path", WhyNot(charts));
                }

                break;
            case "report_generation":
                WholeIfNull(OutputKind.Report, name, node);
                if (block is not null)
                    targets.FullReport(name, block, WhyNot(block));
                break;
        }
    }

    private void WholeIfNull(OutputKind kind, string block, YamlNode node)
    {
        if (node.IsNull)
            rows.Skip(kind, block, artifactPath: null, IsNull);
    }

    private void Statistics(string name, YamlMapping? block)
    {
        if (block is null)
            return;

        if (name == "stats_generator")
        {
            foreach (string metric in Metrics(block))
                targets.Statistic($"{name}.{metric}", metric, $"data_analyzer/{name}/{metric}", WhyNot(block, metric));
            return;
        }

        foreach (YamlEntry entry in block.Entries)
        {
            string check = entry.Key.Text;
            string step = $"{name}.{check}";
            if (name == "drift_detector")
                Drift(name, step, entry);
            else
                targets.Statistic(step, check, $"data_analyzer/{name}/{check}", WhyNot(entry.Value, check));
            if (name == "quality_checker")
                targets.Intermediate(step, $"data_analyzer/{name}/{check}/dataset", WhyNot(entry.Value, check));
        }
    }

    private void Drift(string name, string step, YamlEntry entry)
    {
        if (entry.Key.Text is "drift_statistics" or "stability_index")
            targets.Statistic(step, entry.Key.Text, $"{name}/{entry.Key.Text}", WhyNot(entry.Value));

        YamlMapping? settings = (entry.Value as YamlMapping)?.Mapping("configs");
        if (entry.Key.Text == "drift_statistics" && settings?["pre_existing_source"] is not { IsTruthy: true })
            targets.Kept(step, "drift_statistics", settings, "source_path", WhyNot(entry.Value));

        // Anovos saves the metrics used for the index next to it.
        YamlNode? metrics = settings?["appended_metric_path"];
        if (entry.Key.Text == "stability_index" && metrics is { IsTruthy: true })
        {
            targets.MasterStatistic(step, "stabilityIndex_metrics", WhyNot(entry.Value));
            targets.Appended($"{step}.appended_metric_path", settings!, WhyNot(entry.Value));
        }
    }

    private void Transformers(string group, YamlNode node)
    {
        WholeIfNull(OutputKind.Intermediate, group, node);
        foreach (YamlEntry entry in (node as YamlMapping)?.Entries ?? [])
        {
            string name = entry.Key.Text;
            string step = $"{group}.{name}";
            targets.Intermediate(step, $"data_transformer/transformers/{name}", WhyNot(entry.Value, name));
            var settings = entry.Value as YamlMapping;
            if (name == "cat_to_num_supervised" && settings?["pre_existing_model"] is not { IsTruthy: true })
                targets.Kept(step, name, settings, "model_path", WhyNot(entry.Value));
            else if (name is "PCA_latentFeatures" or "auto_imputation")
                targets.Kept(step, name == "auto_imputation" ? "imputation_comparison" : name, settings: null, "intermediate_data",
                    WhyNot(entry.Value));
        }
    }

    private void Analyzer(string name, YamlNode node, YamlMapping? settings, params string[] flags)
    {
        bool on = flags.Any(flag => settings?[flag] is { IsTruthy: true });
        string off = $"{string.Join(" and ", flags)} {(flags.Length > 1 ? "are" : "is")} off: the step writes nothing";
        targets.Shared(OutputKind.Statistic, name, node.IsNull ? IsNull : on ? null : off);
    }

    /// <summary>Returns why a step does not run; null if it does.</summary>
    private string? WhyNot(YamlNode node, string? function = null)
    {
        if (node.IsNull)
            return IsNull;
        if (_basicReport)
            return "the basic report replaces this step";
        return function is null || IsFunctionName(function) ? null : "the step's name cannot be the name of an Anovos function";
    }
}
