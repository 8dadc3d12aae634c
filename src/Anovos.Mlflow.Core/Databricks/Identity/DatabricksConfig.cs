using Anovos.Mlflow.Identity;

namespace Anovos.Mlflow.Databricks;

/// <summary>
/// Which workspace, and what there is to sign in with: from the environment, then from the profile in <c>.databrickscfg</c>
/// (databricks.sdk.config). Two of the same content are equal. <see cref="ToString"/> shows no secret.
/// </summary>
public sealed class DatabricksConfig : IEquatable<DatabricksConfig>
{
    private readonly Dictionary<string, (string Value, string Source)> _values = new(StringComparer.Ordinal);

    private DatabricksConfig()
    {
    }

    /// <summary>The workspace's address: scheme and host.</summary>
    public Uri Host { get; private set; } = null!;

    /// <summary>The profile that was read; null where none was.</summary>
    public string? Profile { get; private set; }

    internal string? this[string name] => _values.TryGetValue(name, out (string Value, string Source) setting) ? setting.Value : null;

    /// <summary>The Azure cloud of the workspace; null if it is not on Azure.</summary>
    internal AzureCloud? Cloud => AzureCloud.Of(Host.Host, Setting);

    /// <summary>The values that must not be shown.</summary>
    internal string[] Secrets => [.. _values
        .Where(pair => DatabricksSetting.IsSecret(pair.Key) || pair.Key == this["oidc_token_env"]).Select(pair => pair.Value.Value)];

    /// <summary>The families of authentication that have a setting, in the order of their names.</summary>
    internal IReadOnlyList<string> Families => [.. DatabricksSetting.All
        .Where(setting => setting.Family is not null && this[setting.Name] is not null)
        .Select(setting => setting.Family!).Distinct().OrderBy(name => name, StringComparer.Ordinal)];

    /// <summary>Reads the configuration.</summary>
    /// <param name="profile">
    /// The profile that the caller asks for, which comes before the environment; null for <c>DATABRICKS_CONFIG_PROFILE</c> or the
    /// file's own default.
    /// </param>
    /// <param name="environment">Reads an environment variable.</param>
    /// <param name="home">The user's home folder, where <c>.databrickscfg</c> may be.</param>
    /// <param name="token">A personal access token that the caller gave for this connection; nothing else is signed in with.</param>
    /// <exception cref="MlflowException">
    /// <see cref="ErrorKind.InvalidValue"/>: no workspace, no such profile, or two families of authentication.
    /// </exception>
    public static DatabricksConfig Load(string? profile, Func<string, string?> environment, string? home, string? token = null)
    {
        string? Variable(string name) => DatabricksSetting.Read(name, environment(name), name);

        var config = new DatabricksConfig();
        foreach (DatabricksSetting setting in DatabricksSetting.All)
        {
            string? Value(string variable) => DatabricksSetting.Read(setting.Name, environment(variable), variable);
            if (setting.Variables.FirstOrDefault(variable => Value(variable) is not null) is { } variable)
                config._values[setting.Name] = (Value(variable)!, variable);
        }

        bool isNamed = profile is not null;
        profile ??= Variable("DATABRICKS_CONFIG_PROFILE");
        config.ReadProfile(profile, isNamed, Variable("DATABRICKS_CONFIG_FILE"), home);
        if (token is not null)
        {
            config._values["token"] = (token, "-Token");
            config._values["auth_type"] = ("pat", "-Token");
        }

        foreach (string name in DatabricksSetting.Surroundings)
        {
            if (Variable(name) is { } value)
                config._values[name] = (value, name);
        }

        string jwt = config["oidc_token_env"] ?? "DATABRICKS_OIDC_TOKEN";
        if (Pasted.Token(environment(jwt), jwt) is { } oidc)
            config._values[jwt] = (oidc, jwt);

        config.ReadHost();
        config.ThrowIfAmbiguous();
        return config;
    }

    /// <summary>The profiles that the file has; for completion.</summary>
    public static IReadOnlyList<string> ProfileNames(Func<string, string?> environment, string? home) =>
        ProfilesFile.Read(ProfilesFile.Locate(environment("DATABRICKS_CONFIG_FILE"), home))?.Names ?? [];

    /// <inheritdoc/>
    public bool Equals(DatabricksConfig? other) =>
        other is not null && Host == other.Host && Profile == other.Profile && _values.Count == other._values.Count
        && _values.All(pair => other._values.TryGetValue(pair.Key, out (string Value, string Source) value) && value == pair.Value);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as DatabricksConfig);

    /// <inheritdoc/>
    public override int GetHashCode() => Host.GetHashCode() ^ _values.Count;

    /// <inheritdoc/>
    public override string ToString() => Profile is null ? Host.ToString() : $"{Host} (profile {Profile})";

    /// <summary>The value of a setting or of a variable around it; null if it is not set.</summary>
    internal string? Setting(string name) => this[name];

    /// <summary>Where a setting came from: a variable, or the profile.</summary>
    internal string SourceOf(string name) => _values[name].Source;

    /// <summary>The variable that sets a setting, and its name in the file.</summary>
    internal static string Describe(string name) =>
        DatabricksSetting.All.FirstOrDefault(setting => setting.Name == name) is { Variables.Length: > 0 } setting
            ? $"{setting.Variables[0]} ({name})"
            : name;

    // A file is read where a profile is asked for, or where the environment says nothing about where and who.
    private void ReadProfile(string? profile, bool isNamed, string? file, string? home)
    {
        if (profile is null && (Families.Count > 0 || this["host"] is not null))
            return;
        string path = ProfilesFile.Locate(file, home);
        ProfilesFile? profiles = ProfilesFile.Read(path);
        if (profiles is null && (profile ?? file) is not null)
            throw new MlflowException(
                ErrorKind.InvalidValue,
                $"The Databricks configuration file {path} is not "
                + $"there{(profile is null ? "" : $", so neither is profile '{profile}'")}. Set DATABRICKS_CONFIG_FILE, or "
                + "DATABRICKS_HOST and DATABRICKS_TOKEN.") { Target = path };
        if (profiles is null || (profile ?? profiles.DefaultName) is not { } name)
            return;

        Profile = name;
        IReadOnlyDictionary<string, string> values = profiles.Settings(name);
        ThrowIfOtherHost(values, path);
        if (isNamed)
            PreferOver(values);
        foreach (KeyValuePair<string, string> setting in values)
        {
            if (this[setting.Key] is null)
                _values[setting.Key] = (setting.Value, $"profile {name} in {path}");
        }
    }

    private void ThrowIfOtherHost(IReadOnlyDictionary<string, string> profile, string path)
    {
        if (this["host"] is { } host && profile.TryGetValue("host", out string? other)
            && WorkspaceHost.Parse(host).Address != WorkspaceHost.Parse(other).Address)
            throw new MlflowException(
                ErrorKind.InvalidValue,
                $"DATABRICKS_HOST is {host}, and profile '{Profile}' in {path} is for {other}: the credentials of the one must "
                + "not go to the other. Unset DATABRICKS_HOST, or ask for another profile.") { Target = Profile };
    }

    // The caller named the profile: how it signs in comes before what the environment has for others.
    private void PreferOver(IReadOnlyDictionary<string, string> profile)
    {
        DatabricksSetting[] own = [.. DatabricksSetting.All.Where(setting => profile.ContainsKey(setting.Name))];
        HashSet<string?> families = [.. own.Select(setting => setting.Family).Where(family => family is not null)];
        if (families.Count == 0 && !profile.ContainsKey("auth_type"))
            return;
        foreach (DatabricksSetting setting in DatabricksSetting.All)
        {
            bool isOfOthers = setting.Family is not null && families.Count > 0 && !families.Contains(setting.Family);
            if (isOfOthers || setting.Name == "auth_type" || (setting.Name == "token" && own.Contains(setting)))
                _values.Remove(setting.Name);
        }
    }

    private void ReadHost()
    {
        WorkspaceHost host = WorkspaceHost.Parse(this["host"] ?? throw NoHost());
        Host = host.Address;
        foreach ((string name, string? id) in new[] { ("workspace_id", host.WorkspaceId), ("account_id", host.AccountId) })
        {
            if (this[name] is null && id is not null)
                _values[name] = (id, SourceOf("host"));
        }
    }

    private void ThrowIfAmbiguous()
    {
        IReadOnlyList<string> families = Families;
        if (families.Count < 2 || this["auth_type"] is not null)
            return;
        string Sources(string family) => string.Join(", ", DatabricksSetting.All
            .Where(setting => setting.Family == family && this[setting.Name] is not null)
            .Select(setting => $"{setting.Name} from {SourceOf(setting.Name)}"));
        throw new MlflowException(
            ErrorKind.InvalidValue,
            $"More than one way to sign in to {Host.Host} is configured: "
            + $"{string.Join(" and ", families.Select(family => $"{family} ({Sources(family)})"))}. Unset all but one, or say "
            + "in DATABRICKS_AUTH_TYPE (auth_type) which to use.") { Target = Host.Host };
    }

    private static MlflowException NoHost() => new(
        ErrorKind.InvalidValue,
        "The tracking URI is databricks, and no workspace is configured. Set DATABRICKS_HOST to its address, as https://adb-1234567890123456.7.azuredatabricks.net, or make a profile in .databrickscfg and name it: databricks://<profile>.") { Target = "DATABRICKS_HOST" };
}
