using Anovos.Mlflow.Tracking;
using Anovos.Mlflow.Yaml;

namespace Anovos.Mlflow.Configuration;

/// <summary>Flattens a workflow file's settings to dotted keys and texts, with secrets masked.</summary>
internal sealed class SettingsReader
{
    private readonly ConfigProblems _problems;
    private readonly Dictionary<string, string> _settings = new(StringComparer.Ordinal);

    private SettingsReader(ConfigProblems problems) => _problems = problems;

    /// <summary>Returns the settings in file order, without the <c>mlflow</c> block.</summary>
    public static IReadOnlyDictionary<string, string> Read(YamlMapping root, ConfigProblems problems)
    {
        var reader = new SettingsReader(problems);
        foreach (YamlEntry entry in root.Entries.Where(entry => entry.Key.Text != "mlflow"))
            reader.Add(entry.Key.Text, entry, secret: false);
        return reader._settings;
    }

    private void Add(string key, YamlEntry entry, bool secret)
    {
        // The store is not known yet, so MLflow's own limit applies. A limit on the key also limits the expansion of aliases.
        int longest = StoreLimits.Mlflow.Key;
        if (key.Length > longest)
        {
            _problems.Note(RuleIds.SettingTooLong, entry.Key.Position, key.Substring(0, longest),
                $"The setting's key has more than {longest} characters, so the setting is left out of the run's params.",
                "Use shorter names.");
            return;
        }

        secret = secret || Secrets.IsSecretKey(entry.Key.Text);
        if (entry.Value is YamlMapping mapping)
        {
            foreach (YamlEntry inner in mapping.Entries)
                Add($"{key}.{inner.Key.Text}", inner, secret);
        }
        else if (!entry.Value.IsNull && !_settings.ContainsKey(key))
        {
            var text = new SettingText(secret);
            _settings.Add(key, text.Of(entry.Value));
            if (text.HasSecret)
            {
                _problems.Warn(RuleIds.Secret, entry.Value.Position, key,
                    $"'{YamlScalar.Quote(key)}' looks like a secret, so the run's params have {Secrets.Mask} instead.",
                    "Keep secrets out of workflow files: anyone who can read the file can read them.");
            }
        }
    }
}
