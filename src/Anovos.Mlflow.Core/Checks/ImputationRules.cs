using Anovos.Mlflow.Configuration;
using Anovos.Mlflow.Yaml;

namespace Anovos.Mlflow.Checks;

/// <summary>Checks mappings that hold the arguments of an imputation function. Another key selects the function.</summary>
internal sealed class ImputationRules(WorkflowFile file)
{
    private static readonly string[] OfTreatment = ["list_of_cols", "stats_missing", "stats_mode", "print_impact"];
    private static readonly string[] OfFeatures = ["list_of_cols", "stats_missing"];
    private readonly StepTable _table = StepTable.Default;
    private readonly Findings _findings = file.Findings;

    /// <summary>Checks the arguments of a treatment.</summary>
    public void Treatment(WorkflowStep step, string method, YamlMapping configs)
    {
        StepKey spec = _table.Root.Find("quality_checker")!.Find(step.Name)!.Find("treatment_configs")!;
        string path = step.Path + ".treatment_configs";
        string? function = spec.TextOf("imputations", method);
        foreach (YamlEntry entry in configs.Entries.Where(entry => entry.Key.Text != "treatment_threshold"))
        {
            if (function is not null)
                Argument(function, OfTreatment, entry, path);
            else
            {
                _findings.Warn(RuleIds.KeyUnknown, entry.Key.Position, $"{path}.{YamlScalar.Quote(entry.Key.Text)}",
                    $"The '{method}' method has no argument '{YamlScalar.Quote(entry.Key.Text)}'.", "Anovos ignores it.", "Remove it.");
            }
        }
    }

    /// <summary>Checks the arguments of the imputation before features are computed.</summary>
    public void Features(WorkflowStep step)
    {
        if (!step.IsOn("imputation") || step.Arguments.Find("imputation_configs") is not { Value: YamlMapping configs } given)
            return;
        string path = step.Path + ".imputation_configs";
        if (configs.Find("imputation_function") is null)
        {
            _findings.Error(RuleIds.KeyMissing, given.Key.Position, path + ".imputation_function",
                "'imputation_configs' has no 'imputation_function'.",
                "stops at the step: KeyError: 'imputation_function'.", "Add 'imputation_function: imputation_MMM'.");
        }

        if (configs.Text("imputation_function") is { } function && _table.Transformer(function) is not null)
        {
            foreach (YamlEntry entry in configs.Entries.Where(entry => entry.Key.Text != "imputation_function"))
                Argument(function, OfFeatures, entry, path);
        }
    }

    private void Argument(string function, string[] set, YamlEntry entry, string path)
    {
        StepKey spec = _table.Transformer(function)!;
        string name = entry.Key.Text;
        path = $"{path}.{YamlScalar.Quote(name)}";
        if (set.Contains(name) || spec.Find(name) is { Set: "workflow" })
        {
            _findings.Error(RuleIds.KeySetByWorkflow, entry.Key.Position, path, $"The step itself sets '{name}'.",
                $"stops at the step: TypeError: got multiple values for keyword argument '{name}'.", "Remove it.");
        }
        else if (spec.Find(name) is { } key)
            new KeyRules(_findings).Check(key, entry.Value, entry.Key.Position, path);
        else
        {
            _findings.Error(RuleIds.KeyUnknown, entry.Key.Position, path, $"'{function}' has no argument '{YamlScalar.Quote(name)}'.",
                $"stops at the step: TypeError: {function}() got an unexpected keyword argument '{YamlScalar.Quote(name)}'.",
                KeyRules.Advice(name, [.. spec.Keys.Select(key => key.Name).Except(set)]));
        }
    }
}
