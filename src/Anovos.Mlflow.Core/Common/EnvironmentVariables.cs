using System.Globalization;

namespace Anovos.Mlflow;

/// <summary>Reads MLflow's environment variables as MLflow reads them; an empty one counts as unset.</summary>
/// <param name="read">Reads a variable.</param>
public sealed class EnvironmentVariables(Func<string, string?> read)
{
    /// <summary>The variable; null when it is unset or empty.</summary>
    /// <exception cref="MlflowException"><see cref="ErrorKind.InvalidValue"/> for a placeholder that no value has replaced.</exception>
    public string? Text(string name)
    {
        if (read(name) is not { Length: > 0 } value)
            return null;
        Pasted.ThrowIfUnresolved(value, name, Secrets.Variables.Contains(name));
        return value;
    }

    /// <summary>The variable, repaired as <see cref="Pasted.Setting"/> does.</summary>
    /// <inheritdoc cref="Text"/>
    internal string? Setting(string name) => Pasted.Setting(read(name), name, Secrets.Variables.Contains(name));

    /// <summary>The variable as a boolean: true, false, 1 or 0.</summary>
    /// <exception cref="MlflowException"><see cref="ErrorKind.InvalidValue"/> for anything else.</exception>
    public bool Flag(string name, bool defaultValue) => Text(name)?.ToUpperInvariant() switch
    {
        null => defaultValue,
        "TRUE" or "1" => true,
        "FALSE" or "0" => false,
        var other => throw Invalid(name, other, "true or false"),
    };

    /// <summary>The variable as one of some words, in lower case; null when it is unset.</summary>
    /// <exception cref="MlflowException"><see cref="ErrorKind.InvalidValue"/> for another word.</exception>
    public string? OneOf(string name, params string[] words)
    {
        if (Text(name) is not { } text)
            return null;
        string word = text.Trim().ToLowerInvariant();
        return words.Contains(word) ? word : throw Invalid(name, text, string.Join(" or ", words));
    }

    /// <summary>The variable as a whole number of seconds above zero.</summary>
    /// <exception cref="MlflowException"><see cref="ErrorKind.InvalidValue"/> for anything else.</exception>
    public TimeSpan Seconds(string name, int defaultSeconds)
    {
        string? text = Text(name);
        if (text is null)
            return TimeSpan.FromSeconds(defaultSeconds);
        return int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int seconds) && seconds > 0
            ? TimeSpan.FromSeconds(seconds)
            : throw Invalid(name, text, "a whole number of seconds above zero");
    }

    /// <summary>The variable as a number from 0 to a maximum.</summary>
    /// <exception cref="MlflowException"><see cref="ErrorKind.InvalidValue"/> for anything else.</exception>
    public double Number(string name, double defaultValue, double maximum)
    {
        string? text = Text(name);
        if (text is null)
            return defaultValue;
        return double.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double value) && value >= 0 && value <= maximum
            ? value
            : throw Invalid(name, text, $"a number from 0 to {maximum.ToString(CultureInfo.InvariantCulture)}");
    }

    /// <summary>The variable as a whole number from 0.</summary>
    /// <exception cref="MlflowException"><see cref="ErrorKind.InvalidValue"/> for anything else.</exception>
    public int Count(string name, int defaultCount)
    {
        string? text = Text(name);
        if (text is null)
            return defaultCount;
        return int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int count)
            ? count
            : throw Invalid(name, text, "a whole number");
    }

    /// <summary>The variable as a number of bytes above zero.</summary>
    /// <exception cref="MlflowException"><see cref="ErrorKind.InvalidValue"/> for anything else.</exception>
    public long Bytes(string name, long defaultBytes)
    {
        string? text = Text(name);
        if (text is null)
            return defaultBytes;
        return long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out long bytes) && bytes > 0
            ? bytes
            : throw Invalid(name, text, "a whole number of bytes above zero");
    }

    private static MlflowException Invalid(string name, string value, string expected) =>
        new(ErrorKind.InvalidValue, $"The environment variable {name} is '{value}', but {expected} is expected. Correct or unset it.") { Target = name };
}
