using Anovos.Mlflow.Artifacts;
using Anovos.Mlflow.Yaml;

namespace Anovos.Mlflow.Configuration;

/// <summary>Warns of flags and patterns that are on while the workflow writes nothing that they could track.</summary>
internal static class FlagCheck
{
    /// <summary>Runs the checks and adds the problems.</summary>
    public static void Run(YamlMapping root, TrackingSettings? tracking, ConfigProblems problems)
    {
        if (tracking is null || root.Mapping("mlflow") is not { } block)
            return;

        // Only the existence of outputs matters, so any folder works as the base of paths.
        string anywhere = Path.GetFullPath(Path.DirectorySeparatorChar.ToString());
        AnovosPlan plan = AnovosPlan.Of(root, tracking, anywhere, runId: null);
        AnovosOutput[] written = plan.Outputs.Where(output => output.Path is not null).ToArray();
        AnovosOutput[] intermediates = written.Where(output => output.Kind == OutputKind.Intermediate).ToArray();

        if (tracking.TrackOutput && written.All(output => output.Kind != OutputKind.Output))
            Warn("track_output", "the workflow writes no final dataset", "Add a 'write_main' block with a 'file_path'");
        if (tracking.TrackReports && written.All(output => output.Kind is not (OutputKind.Report or OutputKind.Statistic)))
        {
            Warn("track_reports", "the workflow writes neither statistics nor reports",
                "Add a 'write_stats' block or a 'report_preprocessing.master_path'");
        }
        if (tracking.TrackIntermediates && intermediates.Length == 0)
        {
            Warn("track_intermediates", "the workflow writes no intermediate dataset",
                "Add a 'write_intermediate' block with a 'file_path'");
        }
        else if (tracking.IntermediatePatterns.Count > 0 && block["track_intermediates"] is YamlSequence list)
            WarnOfIdlePatterns(list, intermediates, problems);

        void Warn(string flag, string lack, string advice)
        {
            YamlPosition at = (block[flag] ?? block).Position;
            problems.Warn(RuleIds.TrackingIdle, at, "mlflow." + flag, $"{flag} is on, but {lack}.", $"{advice}, or turn the flag off.");
        }
    }

    private static void WarnOfIdlePatterns(YamlSequence list, AnovosOutput[] intermediates, ConfigProblems problems)
    {
        foreach (YamlScalar item in list.Items.OfType<YamlScalar>().Where(item => ArtifactPattern.WhyInvalid(item.Text) is null))
        {
            var pattern = ArtifactPattern.Parse(item.Text);
            if (!intermediates.Any(output => pattern.Selects(output.ArtifactPath!)))
            {
                string some = string.Join(", ", intermediates.Take(5).Select(output => output.ArtifactPath));
                problems.Warn(RuleIds.TrackingIdle, item.Position, "mlflow.track_intermediates",
                    $"'{pattern}' selects no intermediate dataset of this workflow.",
                    $"There {(intermediates.Length == 1 ? "is" : "are")} {some}{(intermediates.Length > 5 ? " …" : "")}.");
            }
        }
    }
}
