using Anovos.Mlflow.Yaml;

namespace Anovos.Mlflow.Checks;

/// <summary>Applies the certain effects of a step to the columns of the data.</summary>
internal sealed class StepColumns(WorkflowStep step)
{
    // These steps add columns with names that depend on the data or on the step.
    private static readonly string[] Adding = ["PCA_latentFeatures", "autoencoder_latentFeatures", "expression_parser",
        "cat_to_num_unsupervised"];

    /// <summary>Changes the known columns. A step that is replaced does not run.</summary>
    public void Apply(ColumnSet columns, bool isReplaced)
    {
        if (isReplaced || step.Block is not ("quality_checker" or "transformers"))
            return;
        if (step.Text("output_mode") is { } mode && mode != "replace")
            columns.Open();
        else if (Adding.Contains(step.Name) || step.Block == "transformers" && StepTable.Default.Transformer(step.Name) is null)
            columns.Open();
        else if (step.Name == "duplicate_detection" && step.IsOn("treatment", byDefault: true))
            Duplicates(columns);
    }

    private void Duplicates(ColumnSet columns)
    {
        string[] dropped = [.. ListRules.Names(step.Arguments["drop_cols"]).Select(name => name.Text)];
        IReadOnlyList<YamlScalar> kept = ListRules.Names(step.Arguments["list_of_cols"]);
        if (kept.Count > 0 && step.Text("list_of_cols") != "all")
            columns.Keep(kept.Select(name => name.Text).Except(dropped));
        foreach (string name in dropped.Where(name => name.Length > 0))
            columns.Drop(name);
    }
}
