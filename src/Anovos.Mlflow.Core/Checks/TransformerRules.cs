using Anovos.Mlflow.Configuration;
using Anovos.Mlflow.Yaml;

namespace Anovos.Mlflow.Checks;

/// <summary>Checks the groups of transformers, and arguments of transformers that depend on each other.</summary>
internal sealed class TransformerRules(WorkflowFile file)
{
    private readonly Findings _findings = file.Findings;

    /// <summary>Runs the checks and adds the findings.</summary>
    public void Check()
    {
        _findings.IsReplaced = file.IsReplaced("transformers");
        Groups();
        WorkflowStep[] steps = [.. file.Steps.Where(step => step.Block == "transformers")];
        foreach (IGrouping<string, WorkflowStep> same in steps.GroupBy(step => step.Name))
        {
            foreach (WorkflowStep again in same.Skip(1))
            {
                _findings.Warn(RuleIds.StepRepeated, again.At, again.Path, $"'{again.Name}' runs a second time.",
                    "Both write their data to the same folder.",
                    "Use another transformer, or do not track its intermediate data.");
            }
        }

        foreach (WorkflowStep step in steps)
        {
            switch (step.Name)
            {
                case "feature_transformation":
                    Function(step);
                    break;
                case "boxcox_transformation":
                    Lambdas(step);
                    break;
                case "PCA_latentFeatures" or "autoencoder_latentFeatures":
                    new ImputationRules(file).Features(step);
                    break;
            }
        }

        _findings.IsReplaced = false;
    }

    private void Groups()
    {
        IReadOnlyList<string> known = StepTable.Default.Root.Find("transformers")!.Groups;
        foreach (YamlScalar key in (file.Root.Mapping("transformers")?.Entries ?? []).Select(entry => entry.Key).Where(key =>
            !known.Contains(key.Text)))
        {
            if (Spelling.Nearest(key.Text, known) is { } nearest)
            {
                _findings.Note(RuleIds.GroupUnknown, key.Position, $"transformers.{YamlScalar.Quote(key.Text)}",
                    $"'{YamlScalar.Quote(key.Text)}' is not a group in Anovos' documentation.",
                        "Anovos accepts any name, and runs the steps below it.", $"Write '{nearest}'.");
            }
        }
    }

    private void Function(WorkflowStep step)
    {
        if (step.Text("method_type") is not ("powOfN" or "toPowerN" or "roundN" or "remainderDivByN")
            || step.Text("method_type") is not { } method)
            return;
        YamlPosition at = step.Arguments.Find("method_type")!.Value.Position;
        if (step.Arguments["N"] is null or { IsNull: true } && method == "remainderDivByN")
            _findings.Warn(RuleIds.ValueCombination, at, step.Path + ".N", $"The '{method}' method needs 'N'.", "Every value becomes null.",
                "Add 'N'.");
        else if (step.Arguments["N"] is null or { IsNull: true })
            _findings.Error(RuleIds.ValueCombination, at, step.Path + ".N", $"The '{method}' method needs 'N'.",
                "stops at the step: TypeError.", "Add 'N'.");
        else if (method == "roundN" && step.Arguments["N"] is YamlScalar { Kind: YamlKind.Float } number)
        {
            _findings.Error(RuleIds.ValueCombination, number.Position, step.Path + ".N", $"The '{method}' method needs a whole number.",
                "stops at the step: Py4JError: Method round([class java.lang.Double]) does not exist.", "Write a whole number.");
        }
    }

    private void Lambdas(WorkflowStep step)
    {
        int columns = step.Text("list_of_cols") == "all" ? 0 : ListRules.Names(step.Arguments["list_of_cols"]).Count;
        if (step.Arguments["boxcox_lambda"] is YamlSequence list && columns > 0 && !ListRules.Names(step.Arguments["drop_cols"]).Any()
            && list.Items.Count != columns)
        {
            _findings.Error(RuleIds.ListLength, list.Position, step.Path + ".boxcox_lambda",
                $"'boxcox_lambda' has {list.Items.Count} numbers, but 'list_of_cols' has {columns} columns.",
                "stops at the step: TypeError: Invalid input for boxcox_lambda.",
                    "Give both lists the same length, or write one number for all columns.");
        }
    }
}
