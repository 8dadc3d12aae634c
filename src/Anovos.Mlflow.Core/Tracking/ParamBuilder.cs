namespace Anovos.Mlflow.Tracking;

/// <summary>Makes params of any keys and values: keys become valid and stay unique, long values are cut, and nothing of it silently.</summary>
/// <param name="limits">What the store of the run accepts.</param>
/// <param name="truncate">Whether an over-long value is cut (<c>MLFLOW_TRUNCATE_LONG_VALUES</c>); else it is an error.</param>
public sealed class ParamBuilder(StoreLimits limits, bool truncate = true)
{
    private readonly Dictionary<string, Param> _params = new(StringComparer.Ordinal);
    private readonly List<string> _warnings = [];

    /// <summary>The params, in the order in which they came.</summary>
    public IReadOnlyList<Param> Params => [.. _params.Values];

    /// <summary>What was changed, a sentence each.</summary>
    public IReadOnlyList<string> Warnings => _warnings;

    /// <summary>Adds a setting.</summary>
    /// <exception cref="MlflowException"><see cref="ErrorKind.InvalidValue"/> when the value is too long and may not be cut.</exception>
    public ParamBuilder Add(string key, string value)
    {
        string valid = limits.ToValidKey(key);
        for (int copy = 2; _params.ContainsKey(valid); copy++)
        {
            string suffix = $"_{copy}", stem = limits.ToValidKey(key);
            valid = stem.Substring(0, Math.Min(stem.Length, limits.Key - suffix.Length)) + suffix;
        }

        if (valid != key)
        {
            _warnings.Add($"The setting '{key}' is logged as the param '{valid}': "
                + $"MLflow restricts the characters of a key, limits it to {limits.Key} characters, and allows each key only once.");
        }

        _params.Add(valid, new Param(valid, Cut(valid, value, limits.ParamValue, truncate, _warnings)));
        return this;
    }

    /// <summary>The value, or its beginning where it is longer than <paramref name="limit"/> characters, with a warning.</summary>
    /// <exception cref="MlflowException"><see cref="ErrorKind.InvalidValue"/> when it is too long and <paramref name="truncate"/> is false.</exception>
    public static string Cut(string key, string value, int limit, bool truncate, ICollection<string> warnings)
    {
        if (value.Length <= limit)
            return value;
        string length = $"The value of '{key}' has {value.Length} characters and MLflow keeps {limit}";
        if (!truncate)
            throw new MlflowException(ErrorKind.InvalidValue, $"{length}. Shorten it, or set MLFLOW_TRUNCATE_LONG_VALUES=true to cut it.") { Target = key };

        warnings.Add($"{length}: the rest is cut off. Send a long text as an artifact instead.");

        // Half a surrogate pair is no character.
        return value.Substring(0, char.IsHighSurrogate(value[limit - 1]) ? limit - 1 : limit);
    }
}
