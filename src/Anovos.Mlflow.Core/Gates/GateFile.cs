using System.Globalization;
using Anovos.Mlflow.Configuration;
using Anovos.Mlflow.Yaml;

namespace Anovos.Mlflow.Gates;

/// <summary>Reads a file with the rules of a gate. It is strict: otherwise a misspelled rule would let every run pass.</summary>
public static class GateFile
{
    private const string Metrics = "metrics";
    private const string Drifted = "maxDrifted";
    private const string Unstable = "maxUnstable";
    private const string Duration = "maxDuration";
    private const string Steps = "requiredSteps";
    private const string Artifacts = "requiredArtifacts";

    /// <summary>The valid keys of the file.</summary>
    public static IReadOnlyList<string> Keys { get; } = [Metrics, Drifted, Unstable, Duration, Steps, Artifacts];

    /// <summary>Reads the rules of a file.</summary>
    /// <exception cref="MlflowException">
    /// <see cref="ErrorKind.ConfigNotFound"/>; <see cref="ErrorKind.ConfigInvalid"/> with line and column.
    /// </exception>
    public static GateRules Read(string path, CancellationToken cancellationToken)
    {
        try
        {
            YamlNode? root = YamlReader.Read(YamlText.Decode(ConfigFile.Read(path, cancellationToken)), cancellationToken);
            if (root is not YamlMapping mapping)
                throw new YamlFault(root?.Position ?? new YamlPosition(1, 1), "The file has no rules.", $"It has the keys {List(Keys)}.");
            return Read(mapping);
        }
        catch (YamlFault fault)
        {
            string place = FormattableString.Invariant($"{path}:{fault.Position.Line}:{fault.Position.Column}");
            string message = $"{place}: {fault.Message} {fault.Advice}".TrimEnd();
            throw new MlflowException(ErrorKind.ConfigInvalid, message, fault) { Target = path };
        }
    }

    /// <summary>
    /// Parses a time span such as <c>01:30:00</c>; returns null for any other text. <c>90</c> is rejected, because it would mean days.
    /// </summary>
    private static TimeSpan? TryDuration(string text) =>
        text.Contains(':') && TimeSpan.TryParseExact(text, "c", CultureInfo.InvariantCulture, out TimeSpan span) && span > TimeSpan.Zero
            ? span
            : null;

    private static GateRules Read(YamlMapping root)
    {
        var rules = new GateRules();
        foreach (YamlEntry entry in root.Entries)
        {
            rules = entry.Key.Text switch
            {
                Metrics => rules with { Metrics = [.. Mapping(entry.Value).Entries.Select(Metric)] },
                Drifted => rules with { MaxDrifted = Count(entry) },
                Unstable => rules with { MaxUnstable = Count(entry) },
                Duration => rules with
                {
                    MaxDuration = TryDuration(Scalar(entry.Value).Text)
                        ?? throw Wrong(entry.Value, "a time span", "Write hours, minutes and seconds, as 01:30:00."),
                },
                Steps => rules with { Steps = Texts(entry.Value) },
                Artifacts => rules with { Artifacts = Texts(entry.Value) },
                _ => throw Unknown(entry.Key, Keys),
            };
        }

        return rules;
    }

    private static MetricRule Metric(YamlEntry entry)
    {
        var rule = new MetricRule(entry.Key.Text);
        foreach (YamlEntry part in Mapping(entry.Value).Entries)
        {
            if (!MetricRule.Keys.Contains(part.Key.Text))
                throw Unknown(part.Key, MetricRule.Keys);
            YamlScalar value = Scalar(part.Value);
            bool isNumber = value.Kind is YamlKind.Integer or YamlKind.Float or YamlKind.Boolean;
            rule = At(value, () => rule.With(part.Key.Text, isNumber ? value.Value : value.Text));
        }

        return At(entry.Key, rule.Checked);
    }

    private static MetricRule At(YamlScalar place, Func<MetricRule> read)
    {
        try
        {
            return read();
        }
        catch (MlflowException e) when (e.Kind == ErrorKind.InvalidValue)
        {
            throw new YamlFault(place.Position, e.Message, "", e);
        }
    }

    private static int Count(YamlEntry entry) =>
        Scalar(entry.Value) is { Kind: YamlKind.Integer } scalar
        && int.TryParse(scalar.Value, NumberStyles.None, CultureInfo.InvariantCulture, out int count)
            ? count
            : throw Wrong(entry.Value, "a number of attributes", "Write 0 or more.");

    private static IReadOnlyList<string> Texts(YamlNode node) => node is YamlSequence { Items.Count: > 0 } list
        ? [.. list.Items.Select(item => Scalar(item).Text)]
        : throw Wrong(node, "a list of names", "Write a '- ' before each.");

    private static YamlMapping Mapping(YamlNode node) =>
        node as YamlMapping ?? throw Wrong(node, "a mapping", "Write key: value below it.");

    private static YamlScalar Scalar(YamlNode node) =>
        node is YamlScalar { IsNull: false, Text.Length: > 0 } scalar
            ? scalar
            : throw Wrong(node, "a single value", "Write one, or remove the key.");

    private static YamlFault Wrong(YamlNode node, string expected, string advice) =>
        new(node.Position, $"This is {node.Description}, where {expected} is expected.", advice);

    private static YamlFault Unknown(YamlScalar key, IReadOnlyList<string> keys) =>
        new(key.Position, $"The key '{YamlScalar.Quote(key.Text)}' is unknown here.", $"Valid keys: {List(keys)}.");

    private static string List(IReadOnlyList<string> keys) => string.Join(", ", keys);
}
