using Anovos.Mlflow.Configuration;
using Anovos.Mlflow.Yaml;

namespace Anovos.Mlflow.Checks;

/// <summary>Checks the top-level blocks of the file and every key below them.</summary>
internal sealed class BlockRules(WorkflowFile file)
{
    private static readonly string[] Handled = ["concatenate_dataset", "join_dataset", "geospatial_controller", "timeseries_analyzer"];
    private readonly StepTable _table = StepTable.Default;
    private readonly Findings _findings = file.Findings;

    /// <summary>Runs the checks and adds the findings.</summary>
    public void Check()
    {
        var keys = new KeyRules(_findings);
        foreach (YamlEntry entry in file.Root.Entries)
        {
            string name = entry.Key.Text;
            if (_table.Root.Find(name) is not { } block)
                Unknown(entry);
            else if (entry.Value.IsNull)
                Null(entry);
            else if (entry.Value is YamlMapping mapping && CanBeEmpty(name, mapping))
            {
                _findings.IsReplaced = file.IsReplaced(name);
                keys.Check(block, Checked(name, mapping), entry.Key.Position, name);
                _findings.IsReplaced = false;
            }
        }

        if (file.Root.Find("input_dataset") is null)
        {
            _findings.Error(RuleIds.BlockMissing, new YamlPosition(1, 1), "input_dataset", "The file has no 'input_dataset'.",
                $"stops before the first step: {_table.Root.Find("input_dataset")!.Fails}.",
                    "Add 'input_dataset:' with 'read_dataset:' below it.");
        }
    }

    // Anovos tests the write_ blocks for truth, so an empty one counts as missing.
    private static bool CanBeEmpty(string name, YamlMapping mapping) => mapping.IsTruthy || !name.StartsWith("write_",
        StringComparison.Ordinal);

    // TrackingBlock checks the rest of this block when the file is read.
    private static YamlMapping Checked(string name, YamlMapping mapping) => name != "mlflow" ? mapping
        : new YamlMapping(mapping.Position,
            [.. mapping.Entries.Where(entry => StepTable.Default.Root.Find(name)!.Find(entry.Key.Text) is { IsRequired: true })]);

    private void Null(YamlEntry entry)
    {
        string name = entry.Key.Text;
        string when = name == "anovos_basic_report" ? "at the first other block"
            : Handled.Contains(name)
                ? "when it reaches the block, although it handles a block with a value earlier"
            : "when it reaches the block, after all blocks above it";
        _findings.Error(RuleIds.BlockNull, entry.Key.Position, name, $"'{name}' is null.",
            $"stops {when}: AttributeError: 'NoneType' object has no attribute 'get'.", "Remove the key, or put its keys below it.");
    }

    private void Unknown(YamlEntry entry)
    {
        string name = YamlScalar.Quote(entry.Key.Text);
        string? nearest = Spelling.Nearest(entry.Key.Text, _table.Root.Keys.Select(key => key.Name));
        string advice = nearest is not null
            ? $"Write '{nearest}'." : "Remove it, or give a block of your own a name such as 'x-notes'.";
        if (entry.Value is not YamlMapping)
        {
            string value = entry.Value.IsNull ? "null" : entry.Value.Description;
            _findings.Error(RuleIds.BlockUnknown, entry.Key.Position, name, $"'{name}' is not a block of Anovos, and its value is {value}.",
                "stops when it reaches the block, after all blocks above it: AttributeError: the value has no attribute 'get'.",
                nearest is not null ? advice : "Turn it into a comment or a mapping, for example below 'x-notes:'.");
        }
        else if (!name.StartsWith("x-", StringComparison.Ordinal))
            _findings.Warn(RuleIds.BlockUnknown, entry.Key.Position, name, $"'{name}' is not a block of Anovos.",
                "Anovos ignores it and everything below it.", advice);
    }
}
