using Anovos.Mlflow.Configuration;
using Anovos.Mlflow.Tracking;
using Anovos.Mlflow.Yaml;

namespace Anovos.Mlflow.Checks;

/// <summary>Checks quality check arguments that depend on each other.</summary>
internal sealed class QualityRules(WorkflowFile file)
{
    private static readonly string[] Methods = ["pctile", "stdev", "IQR"];
    private readonly Findings _findings = file.Findings;

    /// <summary>Runs the checks and adds the findings.</summary>
    public void Check()
    {
        _findings.IsReplaced = file.IsReplaced("quality_checker");
        foreach (WorkflowStep step in file.Steps.Where(step => step.Block == "quality_checker"))
        {
            switch (step.Name)
            {
                case "duplicate_detection":
                    Duplicates(step);
                    break;
                case "nullColumns_detection" or "invalidEntries_detection":
                    Treatment(step);
                    break;
                case "IDness_detection" or "biasedness_detection" when step.IsOn("treatment")
                    && step.Arguments.Find("treatment_threshold") is null:
                    _findings.Note(RuleIds.DefaultDiffers, step.At, $"{step.Path}.treatment_threshold",
                        $"'{step.Name}' has no 'treatment_threshold'.",
                        "Anovos uses 0.8, but its documentation says 1.0.", "Write the threshold you want.");
                    break;
                case "outlier_detection":
                    Outliers(step);
                    break;
            }
        }

        NullSteps();
        _findings.IsReplaced = false;
    }

    private void Duplicates(WorkflowStep step)
    {
        IReadOnlyList<YamlScalar> dropped = ListRules.Names(step.Arguments["drop_cols"]);
        if (step.IsOn("treatment", byDefault: true) && dropped.Any(name => name.Text.Length > 0))
        {
            _findings.Note(RuleIds.ColumnDropped, step.Arguments.Find("drop_cols")!.Value.Position, $"{step.Path}.drop_cols",
                $"'{step.Name}' removes the columns of 'drop_cols' from the data.", "Later steps do not have these columns.",
                "Write 'treatment: False' if they are needed.");
        }
    }

    private void NullSteps()
    {
        if (file.Root.Mapping("quality_checker") is not { } block || block["nullColumns_detection"] is null or { IsNull: true })
            return;
        foreach (YamlEntry entry in block.Entries.Where(entry => entry.Value.IsNull
            && entry.Key.Text is "invalidEntries_detection" or "outlier_detection"))
        {
            _findings.Error(RuleIds.ValueNull, entry.Key.Position, $"quality_checker.{entry.Key.Text}",
                $"'{entry.Key.Text}' is null, but 'nullColumns_detection' reads it.",
                "stops at 'nullColumns_detection': AttributeError: 'NoneType' object has no attribute 'get'.", "Remove the key.");
        }
    }

    private void Treatment(WorkflowStep step)
    {
        string method = step.Text("treatment_method") ?? (step.Name == "nullColumns_detection" ? "row_removal" : "null_replacement");
        YamlMapping? configs = step.Arguments.Mapping("treatment_configs");
        YamlPosition at = step.Arguments.Find("treatment_method")?.Value.Position ?? step.At;
        if (method == "column_removal" && configs?["treatment_threshold"] is null or YamlScalar { IsTruthy: false })
        {
            _findings.Error(RuleIds.ValueCombination, at, $"{step.Path}.treatment_configs",
                "The 'column_removal' method needs a threshold above 0.",
                "stops at the step, with or without treatment: TypeError: Invalid input for column removal threshold.",
                "Add 'treatment_threshold' below 'treatment_configs'.");
        }

        if (step.Name == "nullColumns_detection" && step.IsOn("treatment") && method is "KNN" or "regression" or "MF" or "auto"
            && step.Text("list_of_cols") != "all")
        {
            _findings.Error(RuleIds.ValueCombination, at, $"{step.Path}.list_of_cols", $"The '{method}' method needs 'list_of_cols: all'.",
                "stops at the step: NameError: free variable 'num_cols' referenced before assignment.", "Write 'list_of_cols: all'.");
        }

        if (method == "KNN" && step.IsOn("treatment") && configs?.Text("method_type") != "KNN")
        {
            _findings.Warn(RuleIds.ValueIgnored, at, $"{step.Path}.treatment_method", "Anovos does not pass on the 'KNN' method.",
                "It runs its regression instead.",
                "Add 'method_type: KNN' below 'treatment_configs'.");
        }

        if (configs is not null && step.IsOn("treatment"))
            new ImputationRules(file).Treatment(step, method, configs);
    }

    private void Outliers(WorkflowStep step)
    {
        if (step.Arguments.Find("detection_configs") is not { Value: YamlMapping configs } entry)
            return;
        string side = step.Text("detection_side") ?? "upper";
        string[] lower = With(configs, "lower"), upper = With(configs, "upper");
        string[] used = side == "lower" ? lower : upper;
        if (side == "both" && !lower.SequenceEqual(upper))
        {
            _findings.Error(RuleIds.ValueCombination, entry.Key.Position, $"{step.Path}.detection_configs",
                "The lower and the upper side need the same methods.",
                "stops at the step: TypeError: Invalid input for detection_configs.",
                    "Give each method a value for 'lower' and for 'upper'.");
        }
        else if (side is "lower" or "upper" or "both" && used.Length == 0)
        {
            _findings.Error(RuleIds.ValueCombination, entry.Key.Position, $"{step.Path}.detection_configs",
                $"'detection_configs' has no method for the '{side}' side.",
                "stops at the step: IndexError: list index out of range.",
                    $"Add a method such as 'pctile_{(side == "lower" ? "lower: 0.05" : "upper: 0.95")}'.");
        }
        else if (configs["min_validation"] is YamlScalar least && PythonFloat.TryRead(least.Value, out double number)
            && number > used.Length)
        {
            _findings.Error(RuleIds.ValueRange, least.Position, $"{step.Path}.detection_configs.min_validation",
                $"'min_validation' is {least.Text}, but the side has only {used.Length} methods.",
                "stops at the step: TypeError: Invalid input for min_validation of detection_configs.", $"Write {used.Length} or less.");
        }
    }

    private static string[] With(YamlMapping configs,
        string side) => [.. Methods.Where(method => configs.Find($"{method}_{side}") is not null)];
}
