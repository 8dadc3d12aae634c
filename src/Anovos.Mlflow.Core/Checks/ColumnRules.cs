using Anovos.Mlflow.Configuration;
using Anovos.Mlflow.Yaml;

namespace Anovos.Mlflow.Checks;

/// <summary>Follows the columns of the data from block to block, and checks the column names in steps.</summary>
internal sealed class ColumnRules(WorkflowFile file, InputData data)
{
    private const string Unknown = "TypeError: Invalid input for Column(s)";
    private readonly Findings _findings = file.Findings;
    private readonly ColumnUse _use = new(file.Findings);
    private readonly DatasetColumns _datasets = new(file.Findings, data);
    private readonly StepTable _table = StepTable.Default;

    /// <summary>Runs the checks and adds the findings.</summary>
    public void Check()
    {
        ColumnSet columns = _datasets.Of(file.Block("input_dataset"), "input_dataset");
        foreach (YamlEntry entry in file.Root.Entries)
        {
            if (entry.Value is not YamlMapping block || entry.Key.Text == "input_dataset")
                continue;
            _findings.IsReplaced = file.IsReplaced(entry.Key.Text);
            Block(entry.Key.Text, block, columns);
            _findings.IsReplaced = false;
        }

        if (file.Block("write_main")?["column_order"] is YamlSequence { Items.Count: > 0 } order)
        {
            _use.Required(columns, ListRules.Names(order), "write_main.column_order",
                "ValueError: Column(s) specified in column_order argument not found in Dataframe, at the end of the run");
        }
    }

    private void Block(string name, YamlMapping block, ColumnSet columns)
    {
        switch (name)
        {
            case "concatenate_dataset":
                foreach ((YamlMapping dataset, string path) in Datasets(name, block))
                    _datasets.Of(dataset, path);
                break;
            case "join_dataset":
                Join(block, columns);
                break;
            case "timeseries_analyzer" or "geospatial_controller":
                YamlMapping? settings = name == "timeseries_analyzer" ? block : block.Mapping("geospatial_analyzer");
                if (settings is not null)
                    _use.Used(columns, Single(settings, "id_col"), $"{name}.id_col");

                // These steps detect columns on their own and may add some.
                columns.Open();
                break;
            case "anovos_basic_report" when file.IsBasic && block.Mapping("report_args") is { } arguments:
                _use.Ignored(columns, Single(arguments, "id_col"), "anovos_basic_report.report_args.id_col");
                _use.Required(columns, Single(arguments, "label_col"), "anovos_basic_report.report_args.label_col",
                    "TypeError: Invalid input for Label Column");
                break;
            case "stats_generator" when block.Mapping("metric_args") is { } arguments && file.Metrics.Count > 0:
                Use(_table.Root.Find(name)!.Find("metric_args")!, arguments, "stats_generator.metric_args", columns);
                break;
            case "drift_detector":
                Drift(block, columns);
                break;
            case "quality_checker" or "association_evaluator" or "transformers" or "report_preprocessing":
                foreach (WorkflowStep step in file.Steps.Where(step => step.Block == name))
                    Step(step, columns);
                break;
        }
    }

    private void Step(WorkflowStep step, ColumnSet columns)
    {
        StepKey? spec = step.Block == "transformers" ? _table.Transformer(step.Name) : _table.Root.Find(step.Block)!.Find(step.Name);
        if (spec is { Broken: null })
            Use(spec, step.Arguments, step.Path, columns);
        new StepColumns(step).Apply(columns, file.IsReplaced(step.Block));
    }

    private void Use(StepKey spec, YamlMapping arguments, string path, ColumnSet columns)
    {
        foreach (StepKey key in spec.Keys.Where(key => key.Type == "columns" && arguments[key.Name] is { IsNull: false }))
        {
            IEnumerable<YamlScalar> names = ListRules.Names(arguments[key.Name]).Where(name => !key.Keywords.Contains(name.Text));
            if (key.IgnoresMissing)
                _use.Ignored(columns, names, $"{path}.{key.Name}");
            else
                _use.Required(columns, names, $"{path}.{key.Name}", key.Fails ?? Unknown);
        }

        if (spec.Name == "charts_to_objects")
            _use.Used(columns, Single(arguments, "label_col"), $"{path}.label_col");
        if (spec.Name == "correlation_matrix" && file.Block("cat_to_num_transformer") is { } encoding)
            Use(_table.Root.Find("cat_to_num_transformer")!, encoding, "cat_to_num_transformer", columns);
        if (spec.Name is "IV_calculation" or "IG_calculation" or "cat_to_num_supervised")
            _use.Required(columns, Label(arguments), $"{path}.label_col", "TypeError: Invalid input for Label Column");
    }

    // Without the key, the column is named 'label'.
    private static IEnumerable<YamlScalar> Label(YamlMapping arguments) =>
        arguments.Find("label_col") is null
            ? [new YamlScalar(arguments.Position, YamlKind.String, "label", "label")]
            : Single(arguments, "label_col");

    private static IEnumerable<YamlScalar> Single(YamlMapping arguments, string key) =>
        arguments[key] is YamlScalar { Kind: YamlKind.String, IsTruthy: true } name ? [name] : [];

    private static IEnumerable<(YamlMapping Dataset, string Path)> Datasets(string block, YamlMapping mapping) =>
        from entry in mapping.Entries
        where entry.Value is YamlMapping dataset && dataset.Find("read_dataset") is not null
        select ((YamlMapping)entry.Value, $"{block}.{YamlScalar.Quote(entry.Key.Text)}");

    private void Join(YamlMapping block, ColumnSet columns)
    {
        IReadOnlyList<YamlScalar> keys = ListRules.Names(block["join_cols"]);
        const string Raised = "ValueError: Specified join_cols do not match all the Input Dataframe(s)";
        _use.Required(columns, keys, "join_dataset.join_cols", Raised);
        bool keepsLeft = (block.Text("join_type") ?? "").Replace("_",
            "").ToLowerInvariant() is "semi" or "leftsemi" or "anti" or "leftanti";
        foreach ((YamlMapping dataset, string path) in Datasets("join_dataset", block))
        {
            ColumnSet other = _datasets.Of(dataset, path);
            _use.Required(other, keys, "join_dataset.join_cols", Raised);
            foreach (string twice in other.Names.Where(name => columns.Names.Contains(name) && keys.All(key => key.Text != name)).Take(1))
            {
                _findings.Error(RuleIds.ColumnTwice, dataset.Position, path,
                    $"Both datasets have the column '{YamlScalar.Quote(twice)}', and it is not a join column.",
                    "stops at the join: ValueError: Duplicate column(s) present in non joining column(s) in Input Dataframe(s).",
                        "Rename or delete it in one of them.");
            }

            if (!keepsLeft)
                columns.Join(other);
        }
    }

    private void Drift(YamlMapping block, ColumnSet columns)
    {
        if (block.Mapping("drift_statistics") is { } drift)
        {
            const string Path = "drift_detector.drift_statistics";
            ColumnSet source = _datasets.Of(drift.Mapping("source_dataset"), Path + ".source_dataset");
            if (drift.Mapping("configs") is { } configs)
            {
                YamlScalar[] names = [.. ListRules.Names(configs["list_of_cols"]).Where(name => name.Text != "all")];
                _use.Required(columns, names, Path + ".configs.list_of_cols", "ValueError: Not all columns are in the input dataframe");
                _use.Required(source, names, Path + ".configs.list_of_cols", "ValueError: Not all columns are in the input dataframe");
                _use.Ignored(columns, ListRules.Names(configs["drop_cols"]), Path + ".configs.drop_cols");
            }
        }

        if (block.Mapping("stability_index") is { } stability)
            Stability(stability);
    }

    // Only the columns of the first dataset count.
    private void Stability(YamlMapping stability)
    {
        const string Path = "drift_detector.stability_index";
        ColumnSet[] all = [.. Datasets(Path, stability).Select(item => _datasets.Of(item.Dataset, item.Path))];
        if (all.Length > 0 && stability.Mapping("configs") is { } settings)
            Use(_table.Root.Find("drift_detector")!.Find("stability_index")!.Find("configs")!, settings, Path + ".configs", all[0]);
    }
}
