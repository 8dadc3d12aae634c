using Anovos.Mlflow.Configuration;
using Anovos.Mlflow.Tracking;
using Anovos.Mlflow.Yaml;

namespace Anovos.Mlflow.Checks;

/// <summary>Checks statistics, associations and drift: arguments that depend on each other or on other blocks.</summary>
internal sealed class AnalysisRules(WorkflowFile file)
{
    private readonly Findings _findings = file.Findings;

    /// <summary>Runs the checks and adds the findings.</summary>
    public void Check()
    {
        _findings.IsReplaced = file.IsReplaced("stats_generator");
        MetricArguments();
        Correlation();
        Drift(file.Root.Mapping("drift_detector")?.Mapping("drift_statistics")?.Mapping("configs"));
        Weights(file.Root.Mapping("drift_detector")?.Mapping("stability_index")?.Mapping("configs")?.Mapping("metric_weightages"));
        _findings.IsReplaced = false;
        Encoding();
    }

    private void MetricArguments()
    {
        if (file.Root.Mapping("stats_generator")?.Mapping("metric_args") is not { } arguments)
            return;
        StepKey spec = StepTable.Default.Root.Find("stats_generator")!.Find("metric_args")!;
        foreach (YamlEntry entry in arguments.Entries)
        {
            if (spec.Find(entry.Key.Text) is not { Metrics.Count: > 0 } key
                || file.Metrics.FirstOrDefault(metric => !key.Metrics.Contains(metric)) is not { } other)
                continue;
            _findings.Error(RuleIds.KeyUnknown, entry.Key.Position, $"stats_generator.metric_args.{key.Name}",
                $"'{other}' has no argument '{key.Name}'.",
                $"passes the arguments to every metric and stops: TypeError: {other}() got an unexpected keyword argument '{key.Name}'.",
                $"Remove it: only {string.Join(" and ", key.Metrics)} {(key.Metrics.Count > 1 ? "have" : "has")} it.");
        }
    }

    private void Correlation()
    {
        bool correlates = file.Root.Mapping("association_evaluator")?["correlation_matrix"] is { IsNull: false };
        bool encodes = file.Root.Find("cat_to_num_transformer") is not null;
        if (correlates && !encodes)
        {
            YamlEntry step = file.Root.Mapping("association_evaluator")!.Find("correlation_matrix")!;
            _findings.Error(RuleIds.BlockMissing, step.Key.Position, "association_evaluator.correlation_matrix",
                "'correlation_matrix' needs the block 'cat_to_num_transformer'.",
                "stops at the step: TypeError: argument after ** must be a mapping, not NoneType.",
                "Add 'cat_to_num_transformer' with list_of_cols, drop_cols, method_type, encoding, label_col and event_label.");
        }
        else if (encodes && !correlates)
        {
            _findings.Note(RuleIds.BlockUnused, file.At("cat_to_num_transformer"), "cat_to_num_transformer",
                "The file has 'cat_to_num_transformer', but no 'correlation_matrix'.",
                "Anovos does not use it.",
                    "Remove it; to encode the data, write 'cat_to_num_unsupervised' below 'transformers.categorical_encoding'.");
        }
    }

    private void Encoding()
    {
        if (file.Root.Mapping("cat_to_num_transformer") is not { } block
            || file.Running("association_evaluator")?["correlation_matrix"] is null or { IsNull: true })
            return;
        string? method = block.Text("method_type");
        YamlEntry? label = block.Find("label_col"), encoding = block.Find("encoding");
        if (method == "supervised" && label is { Value.IsNull: true })
            Wrong(label, "label_col", "The 'supervised' method needs a 'label_col'.", "Write the name of the column with the label.");
        if (method == "unsupervised" && label is { Value.IsNull: false })
            Wrong(label, "label_col", "The 'unsupervised' method must not have a 'label_col'.", "Write 'label_col: null'.");
        if (method == "unsupervised" && encoding is not null
            && encoding.Value is not YamlScalar { Text: "onehot_encoding" or "label_encoding" })
            Wrong(encoding, "encoding", $"'encoding' is {encoding.Value.Description}.", "Write 'label_encoding' or 'onehot_encoding'.");
    }

    private void Wrong(YamlEntry entry, string key, string message, string advice) => _findings.Error(RuleIds.ValueCombination,
        entry.Value.Position,
        "cat_to_num_transformer." + key, message, "stops at 'correlation_matrix': the encoding fails or returns nothing.", advice);

    private void Drift(YamlMapping? configs)
    {
        if (configs?.Find("pre_existing_source") is { Value.IsTruthy: true } entry)
        {
            _findings.Error(RuleIds.ValueCombination, entry.Value.Position, "drift_detector.drift_statistics.configs.pre_existing_source",
                "'pre_existing_source' is on, but a workflow cannot use a saved baseline.",
                "stops at the step: AttributeError: 'NoneType' object has no attribute 'count'.",
                    "Write 'pre_existing_source: False' and a 'source_dataset'.");
        }
    }

    private void Weights(YamlMapping? weights)
    {
        if (weights is null)
            return;
        double sum = 0;
        foreach (string metric in new[] { "mean", "stddev", "kurtosis" })
        {
            if (weights[metric] is YamlScalar scalar && PythonFloat.TryRead(scalar.Value, out double weight))
                sum += weight;
        }

        if (Math.Round(sum, 3) != 1)
        {
            _findings.Error(RuleIds.ValueCombination, weights.Position, "drift_detector.stability_index.configs.metric_weightages",
                "The weights of mean, stddev and kurtosis do not sum to 1.",
                    "stops at the step: ValueError: Invalid input for metric weightages.",
                weights.Find("stdev") is null
                    ? "Change the weights so that they do." : "Write 'stddev' instead of 'stdev': Anovos' documentation is wrong here.");
        }
    }
}
