using Anovos.Mlflow.Configuration;
using Anovos.Mlflow.Yaml;

namespace Anovos.Mlflow.Checks;

/// <summary>Checks how datasets are read, renamed and combined.</summary>
internal sealed class DatasetRules(WorkflowFile file)
{
    private readonly Findings _findings = file.Findings;

    /// <summary>Runs the checks and adds the findings.</summary>
    public void Check()
    {
        if (file.Block("input_dataset") is { } input)
            Dataset(input, "input_dataset");
        Datasets("concatenate_dataset", file.Block("concatenate_dataset"), "method");
        Datasets("join_dataset", file.Block("join_dataset"), null);
        YamlMapping? drift = file.Block("drift_detector");
        if (drift?.Mapping("drift_statistics")?.Mapping("source_dataset") is { } source)
            Dataset(source, "drift_detector.drift_statistics.source_dataset");
        Datasets("drift_detector.stability_index", drift?.Mapping("stability_index"), "configs");
    }

    private void Datasets(string path, YamlMapping? block, string? keyword)
    {
        foreach (YamlEntry entry in (block?.Entries ?? []).Where(entry => entry.Value is YamlMapping))
        {
            string name = entry.Key.Text;
            if (name == keyword || (path == "join_dataset" && name is "join_type" or "join_cols"))
                continue;
            string key = $"{path}.{YamlScalar.Quote(name)}";
            if (keyword is not null && keyword.Contains(name))
            {
                _findings.Warn(RuleIds.DatasetSkipped, entry.Key.Position, key,
                    $"The name '{YamlScalar.Quote(name)}' is a part of '{keyword}'.",
                    "Anovos silently skips the dataset.", "Write another name, such as 'dataset1'.");
            }

            Dataset((YamlMapping)entry.Value, key);
        }
    }

    private void Dataset(YamlMapping dataset, string path)
    {
        if (dataset.Mapping("read_dataset")?.Mapping("file_configs")?.Find("mode") is { } mode && IsSaveMode(mode.Value))
        {
            _findings.Note(RuleIds.OptionUseless, mode.Key.Position, $"{path}.read_dataset.file_configs.mode",
                "'mode' is an option for writing, but it is set for reading here.",
                "Spark logs a warning and ignores it.", "Remove it.");
        }

        Pairs(dataset, path, "rename_column", "list_of_newcols");
        Pairs(dataset, path, "recast_column", "list_of_dtypes");
    }

    private static bool IsSaveMode(YamlNode node) => node is YamlScalar scalar
        && scalar.Text.ToLowerInvariant() is "overwrite" or "append" or "ignore" or "error";

    private void Pairs(YamlMapping dataset, string path, string step, string second)
    {
        if (dataset.Mapping(step) is not { } mapping || mapping.Find(second) is not { } entry
            || mapping["list_of_cols"] is not { IsNull: false } first)
            return;
        int columns = ListRules.Names(first).Count, others = ListRules.Names(entry.Value).Count;
        if (columns > 0 && others > 0 && columns != others)
        {
            _findings.Warn(RuleIds.ListLength, entry.Value.Position, $"{path}.{step}.{second}",
                $"'{second}' has {others} names, but 'list_of_cols' has {columns}.",
                    "Anovos pairs them by position and silently drops the rest.",
                "Give both lists the same length.");
        }
    }
}
