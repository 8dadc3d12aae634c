namespace Anovos.Mlflow.Tracking;

/// <summary>
/// Creates params from any keys and values. Keys become valid and stay unique, and long values are cut. Every change adds a warning.
/// </summary>
/// <param name="limits">The limits of the run's store.</param>
/// <param name="truncate">Whether a value that is too long is cut (<c>MLFLOW_TRUNCATE_LONG_VALUES</c>); otherwise it is an error.</param>
public sealed class ParamBuilder(StoreLimits limits, bool truncate = true)
{
    private readonly Dictionary<string, Param> _params = new(StringComparer.Ordinal);
    private readonly List<string> _warnings = [];

    /// <summary>The params, in the order in which they were added.</summary>
    public IReadOnlyList<Param> Params => [.. _params.Values];

    /// <summary>The changes, one sentence each.</summary>
    public IReadOnlyList<string> Warnings => _warnings;

    /// <summary>Adds a setting.</summary>
    /// <exception cref="MlflowException"><see cref="ErrorKind.InvalidValue"/> if the value is too long and must not be cut.</exception>
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

    /// <summary>Returns the value. A value longer than <paramref name="limit"/> characters is cut, with a warning.</summary>
    /// <exception cref="MlflowException">
    /// <see cref="ErrorKind.InvalidValue"/> if it is too long and <paramref name="truncate"/> is false.
    /// </exception>
    public static string Cut(string key, string value, int limit, bool truncate, ICollection<string> warnings)
    {
        if (value.Length <= limit)
            return value;
        string length = $"The value of '{key}' has {value.Length} characters and MLflow keeps {limit}";
        if (!truncate)
            throw new MlflowException(ErrorKind.InvalidValue, $"{length}. Shorten it, or set MLFLOW_TRUNCATE_LONG_VALUES=true to cut it.") { Target = key };

        warnings.Add($"{length}: the rest is cut off. Send a long text as an artifact instead.");

        // Do not cut a surrogate pair in half.
        return value.Substring(0, char.IsHighSurrogate(value[limit - 1]) ? limit - 1 : limit);
    }
}
