using Anovos.Mlflow.Yaml;

namespace Anovos.Mlflow.Checks;

/// <summary>A step of a workflow with its arguments.</summary>
/// <param name="Block">The top-level block that it is in.</param>
/// <param name="Name">Its function.</param>
/// <param name="Path">Its dotted key.</param>
/// <param name="At">The position of its key.</param>
/// <param name="Arguments">Its arguments.</param>
/// <param name="Order">The index of its block among the blocks.</param>
internal sealed record WorkflowStep(string Block, string Name, string Path, YamlPosition At, YamlMapping Arguments, int Order)
{
    /// <summary>The text of an argument; null if it is missing or not text.</summary>
    public string? Text(string name) => Arguments.Text(name);

    /// <summary>Whether Anovos treats an argument as true; the default if it is missing.</summary>
    public bool IsOn(string name, bool byDefault = false) => Arguments[name] is not { } node ? byDefault
        : node is YamlScalar { Kind: YamlKind.String } text ? string.Equals(text.Text, "true", StringComparison.OrdinalIgnoreCase)
        : node.IsTruthy;
}

/// <summary>A workflow file, prepared for the rules.</summary>
internal sealed class WorkflowFile
{
    // Anovos skips these blocks when the basic report is on.
    private static readonly string[] Replaced =
    [
        "stats_generator", "quality_checker", "association_evaluator", "drift_detector", "transformers", "report_preprocessing",
            "report_generation",
    ];

    private readonly List<string> _order;

    public WorkflowFile(YamlMapping root, Findings findings)
    {
        Root = root;
        Findings = findings;
        _order = [.. root.Entries.Select(entry => entry.Key.Text)];
        IsBasic = root.Mapping("anovos_basic_report")?["basic_report"] is YamlScalar { Boolean: true };
        Steps = [.. FindSteps()];
    }

    public YamlMapping Root { get; }

    public Findings Findings { get; }

    /// <summary>Whether the basic report replaces most steps.</summary>
    public bool IsBasic { get; }

    /// <summary>The steps that are not null, in execution order.</summary>
    public IReadOnlyList<WorkflowStep> Steps { get; }

    /// <summary>The folder of the statistics for the report; null if there is none.</summary>
    public string? MasterPath => Root.Mapping("report_preprocessing")?["master_path"] is YamlScalar { IsTruthy: true } path
        ? path.Text : null;

    /// <summary>The metrics that the statistics generator computes.</summary>
    public IReadOnlyList<string> Metrics =>
        [.. ListRules.Names(Root.Mapping("stats_generator")?["metric"] as YamlSequence).Select(name => name.Text)];

    /// <summary>Whether Anovos skips a block because of the basic report.</summary>
    public bool IsReplaced(string block) => IsBasic && Replaced.Contains(block);

    /// <summary>A block that is a mapping with keys. To Anovos, an empty block counts as missing.</summary>
    public YamlMapping? Block(string name) => Root.Mapping(name) is { IsTruthy: true } mapping ? mapping : null;

    /// <summary>A block that runs.</summary>
    public YamlMapping? Running(string name) => IsReplaced(name) ? null : Block(name);

    /// <summary>The position of a block's key.</summary>
    public YamlPosition At(string block) => Root.Find(block)?.Key.Position ?? new YamlPosition(1, 1);

    /// <summary>The index of a block among the blocks; negative if it is missing.</summary>
    public int Order(string block) => _order.IndexOf(block);

    private IEnumerable<WorkflowStep> FindSteps()
    {
        foreach (YamlEntry block in Root.Entries)
        {
            if (block.Value is not YamlMapping mapping)
                continue;
            switch (block.Key.Text)
            {
                case "quality_checker" or "association_evaluator":
                    foreach (WorkflowStep step in In(block.Key.Text, block.Key.Text, mapping))
                        yield return step;
                    break;
                case "report_preprocessing":
                    foreach (WorkflowStep step in In(block.Key.Text, block.Key.Text,
                        mapping).Where(step => step.Name == "charts_to_objects"))
                        yield return step;
                    break;
                case "transformers":
                    foreach (YamlEntry group in mapping.Entries.Where(group => group.Value is YamlMapping))
                    {
                        foreach (WorkflowStep step in In("transformers", $"transformers.{YamlScalar.Quote(group.Key.Text)}",
                            (YamlMapping)group.Value))
                            yield return step;
                    }

                    break;
            }
        }
    }

    private IEnumerable<WorkflowStep> In(string block, string path, YamlMapping mapping) =>
        from entry in mapping.Entries
        where entry.Value is YamlMapping
        let name = entry.Key.Text
        select new WorkflowStep(block, name, $"{path}.{YamlScalar.Quote(name)}", entry.Key.Position, (YamlMapping)entry.Value,
            Order(block));
}
