using Anovos.Mlflow.Configuration;
using Anovos.Mlflow.Yaml;

namespace Anovos.Mlflow.Checks;

/// <summary>Checks that saved statistics exist when a step reads them.</summary>
internal sealed class StatisticRules(WorkflowFile file)
{
    private const string Generator = "stats_generator";
    private readonly Findings _findings = file.Findings;
    private readonly StepTable _table = StepTable.Default;

    /// <summary>Runs the checks and adds the findings.</summary>
    public void Check()
    {
        // Steps read statistics whenever this block exists. If the basic report replaces the block, it replaces those steps too.
        if (file.Running(Generator) is null || (file.MasterPath is null && file.Block("write_stats") is null))
            return;
        foreach (WorkflowStep step in file.Steps)
        {
            foreach (StepKey argument in (Spec(step)?.Keys ?? []).Where(key => key.Reads is not null))
                Check(step, argument);
            if (file.Block("mlflow") is not null && file.MasterPath is null && (Spec(step)?.Keys ?? []).Any(key => key.Reads is not null))
                Crash(step);
        }
    }

    /// <summary>Whether the workflow passes an empty mapping instead, because an earlier step has made the statistic outdated.</summary>
    public static bool IsEmptied(WorkflowFile file, WorkflowStep step, string argument)
    {
        if (step.Name != "nullColumns_detection" || argument != "stats_missing")
            return false;
        YamlMapping? block = file.Root.Mapping("quality_checker");
        YamlMapping? outliers = block?.Mapping("outlier_detection");
        return block?.Mapping("invalidEntries_detection")?["treatment"] is { IsTruthy: true }
            || (outliers?["treatment"] is { IsTruthy: true } && outliers.Text("treatment_method") == "null_replacement");
    }

    private void Check(WorkflowStep step, StepKey argument)
    {
        if (step.Arguments.Find(argument.Name) is { } given)
        {
            _findings.Error(RuleIds.KeySetByWorkflow, given.Key.Position, $"{step.Path}.{argument.Name}",
                $"The workflow itself sets '{argument.Name}', because the file has '{Generator}'.",
                $"stops at the step: TypeError: got multiple values for keyword argument '{argument.Name}'.", "Remove it.");
            return;
        }

        if (IsEmptied(file, step, argument.Name))
            return;
        string statistic = argument.Reads!;
        if (!file.Metrics.Contains(statistic))
        {
            _findings.Error(RuleIds.StatisticMissing, step.At, step.Path,
                $"'{step.Name}' reads '{statistic}', but '{Generator}' does not write it.",
                "stops at the step, or uses the file of an earlier run: AnalysisException: Path does not exist.",
                $"Add '{statistic}' to '{Generator}.metric'.");
        }
        else if (file.Order(Generator) > step.Order)
        {
            _findings.Error(RuleIds.StatisticLate, step.At, step.Path,
                $"'{step.Name}' reads '{statistic}', but '{Generator}' comes after it.",
                "stops at the step, or uses the file of an earlier run: AnalysisException: Path does not exist.",
                $"Put '{Generator}' before '{step.Block}'.");
        }
    }

    private void Crash(WorkflowStep step) => _findings.Error(RuleIds.TrackingCrash, step.At, step.Path,
        $"'{step.Name}' reads statistics back, but the file has an 'mlflow' block and no 'master_path'.",
        "stops at the step, whatever the flags are: TypeError: read_dataset() got an unexpected keyword argument 'mlflow_run_id'.",
        "Run it with Invoke-AnovosWorkflow, which hides the block from Anovos. Or add 'report_preprocessing' with 'master_path', and write "
            + "'track_reports: False' and 'send_reports: True'.");

    private StepKey? Spec(WorkflowStep step) => step.Block switch
    {
        "transformers" => _table.Transformer(step.Name),
        _ => _table.Root.Find(step.Block)?.Find(step.Name),
    };
}
