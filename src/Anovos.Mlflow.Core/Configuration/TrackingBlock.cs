using Anovos.Mlflow.Artifacts;
using Anovos.Mlflow.Yaml;

namespace Anovos.Mlflow.Configuration;

/// <summary>Reads the <c>mlflow</c> block, and reports settings that Anovos would ignore or fail at.</summary>
internal sealed class TrackingBlock
{
    private static readonly string[] Keys = ["experiment", "tracking_uri", "track_output", "track_reports", "track_intermediates"];

    // Anovos' own flag fails with a master_path, so the module has a flag that Anovos ignores.
    private const string SendReports = "send_reports";

    // Wrong names used in the text of Anovos' documentation.
    private static readonly Dictionary<string, string> Misnomers = new(StringComparer.Ordinal)
    {
        ["experiment_name"] = "experiment",
        ["track_intermediate"] = "track_intermediates",
    };

    private readonly YamlMapping _block;
    private readonly ConfigProblems _problems;

    private TrackingBlock(YamlMapping block, ConfigProblems problems)
    {
        _block = block;
        _problems = problems;
    }

    /// <summary>Returns the settings of the block; null if there is none.</summary>
    public static TrackingSettings? Read(YamlMapping root, ConfigProblems problems)
    {
        if (root["mlflow"] is not { IsNull: false } node)
            return null;
        if (node is YamlMapping block)
            return new TrackingBlock(block, problems).Read();

        problems.Error(RuleIds.BlockNotMapping, node.Position, "mlflow", $"'mlflow' is {node.Description}, not a block of settings.",
            $"Put its keys below it, indented: {string.Join(", ", Keys)}.");
        return null;
    }

    private TrackingSettings Read()
    {
        WarnOfOtherKeys();
        (bool intermediates, IReadOnlyList<ArtifactPattern> patterns) = ReadIntermediates();
        bool sends = _block.Find(SendReports) is not null && ReadFlag(SendReports);
        return new TrackingSettings
        {
            Experiment = ReadExperiment(),
            TrackingUri = ReadText("tracking_uri"),
            TrackOutput = ReadFlag("track_output"),
            TrackReports = ReadFlag("track_reports") || sends,
            SendReports = sends,
            TrackIntermediates = intermediates,
            IntermediatePatterns = patterns,
        };
    }

    private string? ReadExperiment()
    {
        string? experiment = ReadText("experiment");
        if (experiment is null)
        {
            _problems.Warn(RuleIds.TrackingKeyMissing, _block.Position, "mlflow.experiment", "The 'mlflow' block has no experiment.",
                "Add 'experiment: \"name\"'. Anovos stops without it.");
        }

        return experiment;
    }

    private string? ReadText(string key)
    {
        YamlNode? node = Find(key);
        if (node is YamlScalar { Kind: YamlKind.String } scalar)
            return string.IsNullOrWhiteSpace(scalar.Text) ? null : scalar.Text;
        if (node is { IsNull: false })
        {
            _problems.Error(RuleIds.ValueType, node.Position, "mlflow." + key, $"'{key}' is {node.Description}, not text.",
                "Write text, in quotes if it looks like a number.");
        }

        return null;
    }

    private bool ReadFlag(string key)
    {
        YamlNode? node = Find(key);
        if (node is YamlScalar { Boolean: { } value })
            return value;

        if (node is null or { IsNull: true })
        {
            _problems.Note(RuleIds.TrackingKeyMissing, node?.Position ?? _block.Position, "mlflow." + key,
                $"The flag '{key}' is missing and counts as off.",
                $"Write '{key}: True' or '{key}: False'. Anovos itself has no default for it.");
        }
        else
        {
            string patterns = key == "track_intermediates" ? ", or a list of patterns such as [\"data_transformer/*\"]" : "";
            _problems.Error(RuleIds.ValueType, node.Position, "mlflow." + key, $"'{key}' is {node.Description}, not a boolean.",
                $"Write True or False without quotes{patterns}.");
        }

        return false;
    }

    private (bool On, IReadOnlyList<ArtifactPattern> Patterns) ReadIntermediates()
    {
        const string Key = "track_intermediates";
        if (Find(Key) is not YamlSequence list)
            return (ReadFlag(Key), []);

        IReadOnlyList<ArtifactPattern> patterns = PatternList.Read(list, _problems);
        return (patterns.Count > 0, patterns);
    }

    /// <summary>Returns the value of a key, or of a wrong name for it.</summary>
    private YamlNode? Find(string key) =>
        _block[key] ?? Misnomers.Where(pair => pair.Value == key).Select(pair => _block[pair.Key]).FirstOrDefault(node => node is not null);

    private void WarnOfOtherKeys()
    {
        IEnumerable<YamlScalar> keys = _block.Entries.Select(entry => entry.Key);
        foreach (YamlScalar key in keys.Where(key => !Keys.Contains(key.Text) && key.Text != SendReports))
        {
            string name = YamlScalar.Quote(key.Text);
            if (Misnomers.TryGetValue(key.Text, out string? right))
            {
                string effect = _block.Find(right) is null ? "this module accepts it" : $"'{right}' is here too and is used instead";
                _problems.Warn(RuleIds.KeyUnknown, key.Position, "mlflow." + name,
                    $"Anovos ignores '{name}'; {effect}.", $"Write '{right}'.");
            }
            else
            {
                string? nearest = Spelling.Nearest(key.Text, Keys);
                _problems.Warn(RuleIds.KeyUnknown, key.Position, "mlflow." + name, $"Anovos ignores '{name}'.",
                    nearest is null ? $"It knows {string.Join(", ", Keys)}." : $"Did you mean '{nearest}'?");
            }
        }
    }
}
