namespace Anovos.Mlflow.Databricks;

/// <summary>The values of settings, each with its source. Instances with the same content are equal.</summary>
internal sealed class SettingValues : IEquatable<SettingValues>
{
    private readonly Dictionary<string, (string Value, string Source)> _values = new(StringComparer.Ordinal);

    /// <summary>A value; null if it is not set.</summary>
    public string? this[string name] => _values.TryGetValue(name, out (string Value, string Source) setting) ? setting.Value : null;

    /// <summary>The number of values.</summary>
    public int Count => _values.Count;

    /// <summary>The values that must not be shown.</summary>
    public string[] Secrets => [.. _values
        .Where(pair => DatabricksSetting.IsSecret(pair.Key) || pair.Key == this["oidc_token_env"]).Select(pair => pair.Value.Value)];

    /// <summary>The families of authentication that have a value, in the order of their names.</summary>
    public IReadOnlyList<string> Families => [.. DatabricksSetting.All
        .Where(setting => setting.Family is not null && this[setting.Name] is not null)
        .Select(setting => setting.Family!).Distinct().OrderBy(name => name, StringComparer.Ordinal)];

    /// <summary>The source of a value: a variable, or a profile.</summary>
    public string SourceOf(string name) => _values[name].Source;

    /// <summary>Sets a value; null leaves it as it is.</summary>
    public void Set(string name, string? value, string source)
    {
        if (value is not null)
            _values[name] = (value, source);
    }

    /// <summary>Sets a value that is not set yet.</summary>
    public void Add(string name, string? value, string source)
    {
        if (this[name] is null)
            Set(name, value, source);
    }

    /// <summary>
    /// Removes the values that a named profile overrides: its sign-in method takes precedence over those in the environment.
    /// </summary>
    public void GiveWayTo(IReadOnlyDictionary<string, string> profile)
    {
        string?[] families = [.. DatabricksSetting.All.Where(setting => profile.ContainsKey(setting.Name))
            .Select(setting => setting.Family).Where(family => family is not null)];
        if (families.Length == 0 && !profile.ContainsKey("auth_type"))
            return;
        foreach (DatabricksSetting setting in DatabricksSetting.All)
        {
            bool isOfOthers = families.Length > 0 && setting.Family is not null && !families.Contains(setting.Family);
            if (isOfOthers || setting.Name == "auth_type" || (setting.Name == "token" && profile.ContainsKey("token")))
                _values.Remove(setting.Name);
        }
    }

    /// <summary>Throws if two families of authentication are set and none is chosen.</summary>
    /// <exception cref="MlflowException"><see cref="ErrorKind.InvalidValue"/></exception>
    public void ThrowIfAmbiguous(string host)
    {
        IReadOnlyList<string> families = Families;
        if (families.Count < 2 || this["auth_type"] is not null)
            return;
        string Sources(string family) => string.Join(", ", DatabricksSetting.All
            .Where(setting => setting.Family == family && this[setting.Name] is not null)
            .Select(setting => $"{setting.Name} from {SourceOf(setting.Name)}"));
        throw new MlflowException(
            ErrorKind.InvalidValue,
            $"More than one way to sign in to {host} is configured: "
            + $"{string.Join(" and ", families.Select(family => $"{family} ({Sources(family)})"))}. Unset all but one, or choose "
            + "one with DATABRICKS_AUTH_TYPE (auth_type).")
        { Target = host };
    }

    /// <inheritdoc/>
    public bool Equals(SettingValues? other) => other is not null && _values.Count == other._values.Count
        && _values.All(pair => other._values.TryGetValue(pair.Key, out (string Value, string Source) value) && value == pair.Value);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as SettingValues);

    /// <inheritdoc/>
    public override int GetHashCode() => _values.Count;
}
