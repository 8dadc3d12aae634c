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

    /// <summary>True if the user signs in with a browser for this connection.</summary>
    internal bool IsInteractive { get; private set; }

    internal string? this[string name] => _values.TryGetValue(name, out (string Value, string Source) setting) ? setting.Value : null;

    /// <summary>The Azure cloud of the workspace; null if it is not on Azure.</summary>
    internal AzureCloud? Cloud => AzureCloud.Of(Host.Host, Setting);

    /// <summary>The values that must not be shown.</summary>
    internal string[] Secrets => [.. _values.Where(pair => IsSecret(pair.Key)).Select(pair => pair.Value.Value)];

    /// <summary>Reads the configuration.</summary>
    /// <param name="profile">The profile that is asked for; null for <c>DATABRICKS_CONFIG_PROFILE</c> or the file's own default.</param>
    /// <param name="environment">Reads an environment variable.</param>
    /// <param name="home">The user's home folder, where <c>.databrickscfg</c> may be.</param>
    /// <param name="token">A personal access token that the caller gave for this connection; nothing else is signed in with.</param>
    /// <param name="isInteractive">True if the user signs in with a browser for this connection; nothing else is signed in with.</param>
    /// <exception cref="MlflowException"><see cref="ErrorKind.InvalidValue"/>: no workspace, no such profile, or two families of authentication.</exception>
    public static DatabricksConfig Load(string? profile, Func<string, string?> environment, string? home, string? token = null,
        bool isInteractive = false)
    {
        string? Variable(string name) => Read(name, environment(name), name);

        var config = new DatabricksConfig();
        foreach (DatabricksSetting setting in DatabricksSetting.All)
        {
            if (setting.Variables.FirstOrDefault(name => Read(setting.Name, environment(name), name) is not null) is { } name)
                config._values[setting.Name] = (Read(setting.Name, environment(name), name)!, name);
        }

        profile ??= Variable("DATABRICKS_CONFIG_PROFILE");
        config.ReadProfile(profile, Variable("DATABRICKS_CONFIG_FILE"), home);
        if (token is not null)
        {
            config._values["token"] = (token, "-Token");
            config._values["auth_type"] = ("pat", "-Token");
        }

        config.IsInteractive = isInteractive;
        if (isInteractive)
            config._values["auth_type"] = (BrowserLogin.Method, BrowserLogin.Source);

        foreach (string name in DatabricksSetting.Surroundings)
        {
            if (Variable(name) is { } value)
                config._values[name] = (value, name);
        }

        string jwt = config["oidc_token_env"] ?? "DATABRICKS_OIDC_TOKEN";
        if (Pasted.Token(environment(jwt), jwt) is { } oidc)
            config._values[jwt] = (oidc, jwt);

        config.Host = ReadHost(config["host"] ?? throw NoHost());
        config.ThrowIfAmbiguous();
        return config;
    }

    /// <summary>The profiles that the file has; for completion.</summary>
    public static IReadOnlyList<string> ProfileNames(Func<string, string?> environment, string? home) =>
        ProfilesFile.Read(FilePath(environment("DATABRICKS_CONFIG_FILE"), home))?.Names ?? [];

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
        DatabricksSetting.All.FirstOrDefault(setting => setting.Name == name) is { } setting ? $"{setting.Variables[0]} ({name})" : name;

    private static string FilePath(string? variable, string? home) =>
        variable is not { Length: > 0 } ? Path.Combine(home ?? "", ".databrickscfg")
        : variable.StartsWith("~/", StringComparison.Ordinal) ? Path.Combine(home ?? "", variable.Substring(2))
        : variable;

    private bool IsSecret(string name) =>
        name is "token" or "password" or "client_secret" or "azure_client_secret" or "google_credentials"
            or "SYSTEM_ACCESSTOKEN" or "IDENTITY_HEADER" or "DATABRICKS_OIDC_TOKEN"
        || name == this["oidc_token_env"];

    // A file is read where a profile is asked for, or where the environment says nothing about where and who.
    private void ReadProfile(string? profile, string? file, string? home)
    {
        bool isConfigured = DatabricksSetting.All.Any(setting => (setting.Family is not null || setting.Name == "host") && this[setting.Name] is not null);
        if (profile is null && isConfigured)
            return;
        string path = FilePath(file, home);
        ProfilesFile? profiles = ProfilesFile.Read(path);
        if (profiles is null && (profile ?? file) is not null)
            throw new MlflowException(ErrorKind.InvalidValue, $"The Databricks configuration file {path} is not there{(profile is null ? "" : $", so neither is profile '{profile}'")}. Set DATABRICKS_CONFIG_FILE, or DATABRICKS_HOST and DATABRICKS_TOKEN.") { Target = path };
        if (profiles is null || (profile ?? profiles.DefaultName) is not { } name)
            return;

        IReadOnlyDictionary<string, string> values = profiles.Profile(name);
        Profile = name;
        if (this["host"] is { } host && values.TryGetValue("host", out string? other) && ReadHost(host) != ReadHost(other))
            throw new MlflowException(ErrorKind.InvalidValue, $"DATABRICKS_HOST is {host}, and profile '{name}' in {path} is for {other}: the credentials of the one must not go to the other. Unset DATABRICKS_HOST, or ask for another profile.") { Target = name };
        foreach (DatabricksSetting setting in DatabricksSetting.All)
        {
            if (this[setting.Name] is null && values.TryGetValue(setting.Name, out string? value)
                && Read(setting.Name, value, $"{setting.Name} of profile '{name}'") is { } repaired)
                _values[setting.Name] = (repaired, $"profile {name} in {path}");
        }
    }

    private void ThrowIfAmbiguous()
    {
        string[] families =
        [
            .. from setting in DatabricksSetting.All
               where setting.Family is not null && this[setting.Name] is not null
               group $"{setting.Name} from {SourceOf(setting.Name)}" by setting.Family into family
               orderby family.Key
               select $"{family.Key} ({string.Join(", ", family)})",
        ];
        if (families.Length > 1 && this["auth_type"] is null)
            throw new MlflowException(ErrorKind.InvalidValue, $"More than one way to sign in to {Host.Host} is configured: {string.Join(" and ", families)}. Unset all but one, or say in DATABRICKS_AUTH_TYPE (auth_type) which to use.") { Target = Host.Host };
    }

    // A token goes into a header as it is; others are encoded. Which programs there are is no setting.
    private static string? Read(string name, string? value, string source) => name switch
    {
        "PATH" or "PATHEXT" => value is { Length: > 0 } ? value : null,
        "token" or "SYSTEM_ACCESSTOKEN" => Pasted.Token(value, source),
        "IDENTITY_HEADER" => Pasted.Header(value, source, isSecret: true),
        "azure_workspace_resource_id" => Pasted.Header(value, source),
        "password" or "client_secret" or "azure_client_secret" or "google_credentials" => Pasted.Setting(value, source, isSecret: true),
        _ => Pasted.Setting(value, source),
    };

    private static MlflowException NoHost() => new(
        ErrorKind.InvalidValue,
        "The tracking URI is databricks, and no workspace is configured. Set DATABRICKS_HOST to its address, as https://adb-1234567890123456.7.azuredatabricks.net, or make a profile in .databrickscfg and name it: databricks://<profile>.") { Target = "DATABRICKS_HOST" };

    private static Uri ReadHost(string text)
    {
        // Credentials go there: plain http is for a test on this machine.
        if (Uri.TryCreate(text.Contains("://") ? text : "https://" + text, UriKind.Absolute, out Uri? host)
            && (host.Scheme == Uri.UriSchemeHttps || (host.Scheme == Uri.UriSchemeHttp && host.IsLoopback)) && host.Host.Length > 0)
            return new Uri(host.GetComponents(UriComponents.SchemeAndServer, UriFormat.UriEscaped));
        throw new MlflowException(ErrorKind.InvalidValue, "The Databricks host (DATABRICKS_HOST or host in the profile) is no https address. Write it as https://adb-1234567890123456.7.azuredatabricks.net.") { Target = "DATABRICKS_HOST" };
    }
}
