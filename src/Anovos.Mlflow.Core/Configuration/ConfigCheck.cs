using Anovos.Mlflow.Yaml;

namespace Anovos.Mlflow.Configuration;

/// <summary>Checks for settings that Anovos would fail at: wrong types, missing or invalid paths, and invalid names of functions.</summary>
internal sealed class ConfigCheck
{
    // Anovos reads each of these as a mapping.
    private static readonly string[] Blocks =
    [
        "input_dataset", "concatenate_dataset", "join_dataset", "timeseries_analyzer", "geospatial_controller", "anovos_basic_report",
        "stats_generator", "quality_checker", "association_evaluator", "drift_detector", "report_preprocessing", "report_generation",
        "transformers", "write_main", "write_intermediate", "write_stats", "write_feast_features",
    ];

    private readonly YamlMapping _root;
    private readonly ConfigProblems _problems;

    private ConfigCheck(YamlMapping root, ConfigProblems problems)
    {
        _root = root;
        _problems = problems;
    }

    /// <summary>Runs the checks and adds the problems.</summary>
    public static void Run(YamlMapping root, ConfigProblems problems)
    {
        var check = new ConfigCheck(root, problems);
        foreach (string block in Blocks)
            check.RequireMapping(block, root[block]);
        foreach (string block in Blocks.Where(block => block.StartsWith("write_", StringComparison.Ordinal)))
            check.RequirePath(block, "file_path");
        check.RequirePath("report_preprocessing", "master_path");
        check.RequirePathIfAny("report_generation", root.Mapping("report_generation"), "final_report_path");
        YamlMapping? basicReport = root.Mapping("anovos_basic_report")?.Mapping("report_args");
        check.RequirePathIfAny("anovos_basic_report.report_args", basicReport, "output_path");
        check.Statistics();
        check.FunctionNames();
    }

    private void RequireMapping(string key, YamlNode? node)
    {
        if (node is not null and not YamlMapping && !node.IsNull)
        {
            _problems.Error(RuleIds.BlockNotMapping, node.Position, key,
                $"'{YamlScalar.Quote(key)}' is {node.Description}, but Anovos needs a block of keys here.",
                "Put its keys below it, indented.");
        }
    }

    private void RequirePath(string block, string key)
    {
        // To Anovos, an empty block counts as missing, except this one.
        if (_root.Mapping(block) is not { } mapping || (!mapping.IsTruthy && block != "report_preprocessing"))
            return;

        if (mapping[key] is null or { IsNull: true })
        {
            _problems.Error(RuleIds.KeyMissing, (mapping[key] ?? mapping).Position, $"{block}.{key}",
                $"'{block}' has no '{key}'. Anovos stops without it.",
                $"Add '{key}: path', or remove the block to write nothing.");
        }

        RequirePathIfAny(block, mapping, key);
    }

    private void RequirePathIfAny(string block, YamlMapping? mapping, string key)
    {
        if (mapping?[key] is not { IsNull: false } node)
            return;

        if (mapping.Text(key) is not { } text)
        {
            _problems.Error(RuleIds.ValueType, node.Position, $"{block}.{key}", $"'{key}' is {node.Description}, not a path.",
                "Write a path, in quotes if it looks like a number.");
        }
        else if (OutputPath.Parse(text, Path.DirectorySeparatorChar.ToString()) is null)
        {
            _problems.Error(RuleIds.PathInvalid, node.Position, $"{block}.{key}",
                $"'{YamlScalar.Quote(text)}' is not a path that can be written to.",
                "Check its characters and its length.");
        }
    }

    private void Statistics()
    {
        if (_root.Mapping("stats_generator")?["metric"] is not { IsNull: false } metric)
            return;

        var items = (metric as YamlSequence)?.Items ?? [metric];
        foreach (YamlNode wrong in items.Where(item => metric is not YamlSequence || item is not YamlScalar { Kind: YamlKind.String }))
        {
            _problems.Error(RuleIds.ValueType, wrong.Position, "stats_generator.metric",
                $"This is {wrong.Description}, but 'metric' must be a list of names.",
                "Write ['global_summary', 'measures_of_counts'].");
        }
    }

    private void FunctionNames()
    {
        foreach (string block in new[] { "quality_checker", "association_evaluator" })
            FunctionNames(block, _root.Mapping(block));
        foreach (YamlEntry group in _root.Mapping("transformers")?.Entries ?? [])
        {
            string key = "transformers." + YamlScalar.Quote(group.Key.Text);
            RequireMapping(key, group.Value);
            FunctionNames(key, group.Value as YamlMapping);
        }
    }

    private void FunctionNames(string block, YamlMapping? mapping)
    {
        foreach (YamlScalar key in (mapping?.Entries ?? []).Select(entry => entry.Key).Where(key => !PlanSteps.IsFunctionName(key.Text)))
        {
            string name = YamlScalar.Quote(key.Text);
            _problems.Warn(RuleIds.StepUnknown, key.Position, $"{block}.{name}",
                $"'{name}' cannot be the name of an Anovos function, so Anovos stops there.",
                "Check the spelling.");
        }
    }
}
