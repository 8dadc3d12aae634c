namespace Anovos.Mlflow.Yaml;

/// <summary>The type of a scalar to PyYAML's SafeLoader.</summary>
internal enum YamlKind
{
    /// <summary>Text.</summary>
    String,

    /// <summary>Null: <c>null</c>, <c>~</c> or no text at all.</summary>
    Null,

    /// <summary>True or false.</summary>
    Boolean,

    /// <summary>A whole number.</summary>
    Integer,

    /// <summary>A number with a fraction.</summary>
    Float,

    /// <summary>A date, or a date and a time.</summary>
    Timestamp,

    /// <summary>Bytes in base64.</summary>
    Binary,
}

/// <summary>A single value.</summary>
internal sealed class YamlScalar(YamlPosition position, YamlKind kind, string text, string value) : YamlNode(position, height: 0)
{
    private const int LongestQuote = 40;

    /// <summary>The type of the value.</summary>
    public YamlKind Kind { get; } = kind;

    /// <summary>The value as written in the file, without quotes.</summary>
    public string Text { get; } = text;

    /// <summary>The normalized value: <c>True</c> for <c>yes</c>, <c>750</c> for <c>12:30</c>, the text for text.</summary>
    public string Value { get; } = value;

    /// <inheritdoc/>
    public override bool IsNull => Kind == YamlKind.Null;

    /// <summary>The boolean; null if the value is not a boolean.</summary>
    public bool? Boolean => Kind == YamlKind.Boolean ? Value == "True" : null;

    /// <inheritdoc/>
    public override bool IsTruthy => Kind switch
    {
        YamlKind.Null => false,
        YamlKind.Boolean => Value == "True",
        YamlKind.Integer or YamlKind.Float => Value is not ("0" or "-0"),
        _ => Text.Length > 0,
    };

    /// <inheritdoc/>
    public override string Description => Kind switch
    {
        YamlKind.Null => "null",
        YamlKind.Boolean => $"the boolean {Quote(Text)}",
        YamlKind.Integer or YamlKind.Float => $"the number {Quote(Text)}",
        YamlKind.Timestamp => $"the date {Quote(Text)}",
        YamlKind.Binary => "binary data",
        _ => $"the text '{Quote(Text)}'",
    };

    /// <summary>Shortens a text for a message, on one line.</summary>
    public static string Quote(string text)
    {
        var start = text.Length > LongestQuote ? text.Substring(0, LongestQuote) + "…" : text;
        return string.Concat(start.Select(c => char.IsControl(c) ? ' ' : c));
    }
}
