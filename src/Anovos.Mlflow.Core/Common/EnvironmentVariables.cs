using System.Globalization;

namespace Anovos.Mlflow;

/// <summary>Reads environment variables as MLflow does; an empty variable counts as unset.</summary>
/// <param name="read">Returns the value of a variable.</param>
public sealed class EnvironmentVariables(Func<string, string?> read)
{
    /// <summary>Returns the variable; null if it is unset or empty.</summary>
    /// <exception cref="MlflowException"><see cref="ErrorKind.InvalidValue"/> for an unresolved placeholder.</exception>
    public string? Text(string name)
    {
        if (read(name) is not { Length: > 0 } value)
            return null;
        Pasted.ThrowIfUnresolved(value, name, Secrets.Variables.Contains(name));
        return value;
    }

    /// <summary>Returns the variable, cleaned as by <see cref="Pasted.Setting"/>.</summary>
    /// <inheritdoc cref="Text"/>
    internal string? Setting(string name) => Pasted.Setting(read(name), name, Secrets.Variables.Contains(name));

    /// <summary>Returns the variable as a boolean: true, false, 1 or 0.</summary>
    /// <exception cref="MlflowException"><see cref="ErrorKind.InvalidValue"/> for anything else.</exception>
    public bool Flag(string name, bool defaultValue) => Text(name)?.ToUpperInvariant() switch
    {
        null => defaultValue,
        "TRUE" or "1" => true,
        "FALSE" or "0" => false,
        var other => throw Invalid(name, other, "true or false"),
    };

    /// <summary>Returns the variable as one of the given words, in lower case; null if it is unset.</summary>
    /// <exception cref="MlflowException"><see cref="ErrorKind.InvalidValue"/> for any other word.</exception>
    public string? OneOf(string name, params string[] words)
    {
        if (Text(name) is not { } text)
            return null;
        string word = text.Trim().ToLowerInvariant();
        return words.Contains(word) ? word : throw Invalid(name, text, string.Join(" or ", words));
    }

    /// <summary>Returns the variable as a whole number of seconds above zero.</summary>
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

    /// <summary>Returns the variable as a number from 0 to a maximum.</summary>
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

    /// <summary>Returns the variable as a whole number of 0 or more.</summary>
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

    /// <summary>Returns the variable as a number of bytes above zero.</summary>
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
