using Anovos.Mlflow.Identity;

namespace Anovos.Mlflow.Databricks;

/// <summary>
/// The workspace and the settings to sign in with: from the environment, then from the profile in <c>.databrickscfg</c>
/// (databricks.sdk.config). Configurations with the same content are equal. <see cref="ToString"/> shows no secret.
/// </summary>
public sealed class DatabricksConfig : IEquatable<DatabricksConfig>
{
    private readonly SettingValues _values = new();

    private DatabricksConfig()
    {
    }

    /// <summary>The workspace's address: scheme and host.</summary>
    public Uri Host { get; private set; } = null!;

    /// <summary>The profile that was read; null if none was.</summary>
    public string? Profile { get; private set; }

    /// <summary>The browser sign-in of this connection; null for any other method.</summary>
    internal BrowserLogin? Browser { get; private set; }

    internal string? this[string name] => _values[name];

    /// <summary>The Azure cloud of the workspace; null if it is not on Azure.</summary>
    internal AzureCloud? Cloud => AzureCloud.Of(Host.Host, Setting);

    /// <summary>The values that must not be shown.</summary>
    internal string[] Secrets => _values.Secrets;

    /// <summary>The families of authentication that have a setting, in the order of their names.</summary>
    internal IReadOnlyList<string> Families => _values.Families;

    /// <summary>Reads the configuration.</summary>
    /// <param name="profile">
    /// The profile that the caller chose, which takes precedence over the environment; null for <c>DATABRICKS_CONFIG_PROFILE</c> or the
    /// file's default.
    /// </param>
    /// <param name="environment">Returns the value of an environment variable.</param>
    /// <param name="home">The user's home folder, which may contain <c>.databrickscfg</c>.</param>
    /// <param name="token">A personal access token for this connection; no other credential is used.</param>
    /// <param name="findHost">Finds a workspace's host by its Azure resource id, if no host is configured; null if not supported.</param>
    /// <param name="login">The browser sign-in of this connection; no other credential is used.</param>
    /// <exception cref="MlflowException">
    /// <see cref="ErrorKind.InvalidValue"/>: no workspace, no such profile, or two families of authentication.
    /// </exception>
    public static DatabricksConfig Load(
        string? profile, Func<string, string?> environment, string? home, string? token = null,
        Func<DatabricksConfig, Uri>? findHost = null, BrowserLogin? login = null)
    {
        string? Variable(string name) => DatabricksSetting.Read(name, environment(name), name);

        var config = new DatabricksConfig();
        foreach (DatabricksSetting setting in DatabricksSetting.All)
        {
            foreach (string variable in setting.Variables)
                config._values.Add(setting.Name, DatabricksSetting.Read(setting.Name, environment(variable), variable), variable);
        }

        bool isNamed = profile is not null;
        profile ??= Variable("DATABRICKS_CONFIG_PROFILE");
        config.ReadProfile(profile, isNamed, Variable("DATABRICKS_CONFIG_FILE"), home);
        config._values.Set("token", token, "-Token");
        config._values.Set("auth_type", token is null ? null : "pat", "-Token");
        config.Browser = login;
        config._values.Set("auth_type", login is null ? null : BrowserLogin.Method, BrowserLogin.Source);
        foreach (string name in DatabricksSetting.Surroundings)
            config._values.Set(name, Variable(name), name);
        string jwt = config["oidc_token_env"] ?? "DATABRICKS_OIDC_TOKEN";
        config._values.Set(jwt, Pasted.Token(environment(jwt), jwt), jwt);

        config.ReadHost(login is null ? findHost : null);
        return config;
    }

    /// <summary>Creates the configuration of a workspace from its host and token in a secret scope.</summary>
    internal static DatabricksConfig OfSecret(string host, string token, string source)
    {
        var config = new DatabricksConfig();
        config._values.Set("host", host, source);
        config._values.Set("token", token, source);
        config.ReadHost(findHost: null);
        return config;
    }

    /// <summary>The profiles in the file, for completion.</summary>
    public static IReadOnlyList<string> ProfileNames(Func<string, string?> environment, string? home) =>
        ProfilesFile.Read(ProfilesFile.Locate(environment("DATABRICKS_CONFIG_FILE"), home))?.Names ?? [];

    /// <inheritdoc/>
    public bool Equals(DatabricksConfig? other) =>
        other is not null && Host == other.Host && Profile == other.Profile && _values.Equals(other._values);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as DatabricksConfig);

    /// <inheritdoc/>
    public override int GetHashCode() => Host.GetHashCode() ^ _values.Count;

    /// <inheritdoc/>
    public override string ToString() => Profile is null ? Host.ToString() : $"{Host} (profile {Profile})";

    /// <summary>The value of a setting, or of a related environment variable; null if it is not set.</summary>
    internal string? Setting(string name) => this[name];

    /// <summary>The source of a setting: a variable, or the profile.</summary>
    internal string SourceOf(string name) => _values.SourceOf(name);

    /// <summary>Describes a setting by its variable and its name in the file.</summary>
    internal static string Describe(string name) =>
        DatabricksSetting.All.FirstOrDefault(setting => setting.Name == name) is { Variables.Length: > 0 } setting
            ? $"{setting.Variables[0]} ({name})"
            : name;

    // The file is read if a profile is chosen, or if the environment names neither a host nor credentials.
    private void ReadProfile(string? profile, bool isNamed, string? file, string? home)
    {
        if (profile is null && (Families.Count > 0 || this["host"] is not null))
            return;
        string path = ProfilesFile.Locate(file, home);
        ProfilesFile? profiles = ProfilesFile.Read(path);
        if (profiles is null && (profile ?? file) is not null)
        {
            throw new MlflowException(
                ErrorKind.InvalidValue,
                $"The Databricks configuration file {path} does not exist"
                + $"{(profile is null ? "" : $", so profile '{profile}' is missing")}. "
                + "Set DATABRICKS_CONFIG_FILE, or DATABRICKS_HOST and DATABRICKS_TOKEN.")
            { Target = path };
        }

        if (profiles is null || (profile ?? profiles.DefaultName) is not { } name)
            return;

        Profile = name;
        IReadOnlyDictionary<string, string> values = profiles.Settings(name);
        ThrowIfOtherHost(values, path);
        if (isNamed)
            _values.GiveWayTo(values);
        foreach (KeyValuePair<string, string> setting in values)
            _values.Add(setting.Key, setting.Value, $"profile {name} in {path}");
    }

    // databricks-sdk-py would send the profile's token to the other host.
    private void ThrowIfOtherHost(IReadOnlyDictionary<string, string> profile, string path)
    {
        if (this["host"] is not { } host || !profile.TryGetValue("host", out string? other)
            || WorkspaceHost.Parse(host).Address == WorkspaceHost.Parse(other).Address)
            return;
        throw new MlflowException(
            ErrorKind.InvalidValue,
            $"DATABRICKS_HOST is {host}, but profile '{Profile}' in {path} is for {other}: credentials of one host must not be sent to "
            + "another. Unset DATABRICKS_HOST, or use another profile.")
        { Target = Profile };
    }

    private void ReadHost(Func<DatabricksConfig, Uri>? findHost)
    {
        if (this["host"] is { } text)
        {
            WorkspaceHost host = WorkspaceHost.Parse(text);
            Host = host.Address;
            _values.Add("workspace_id", host.WorkspaceId, SourceOf("host"));
            _values.Add("account_id", host.AccountId, SourceOf("host"));
        }

        _values.ThrowIfAmbiguous(Host?.Host ?? "the workspace");
        if (Host is not null)
            return;
        if (findHost is null || this["azure_workspace_resource_id"] is null)
            throw NoHost();

        // Until the host is known, sign in to Azure's Resource Manager.
        Host = new Uri(AzureCloud.Of("", Setting)!.ResourceManager);
        Host = findHost(this);
        _values.Set("host", Host.AbsoluteUri, SourceOf("azure_workspace_resource_id"));
    }

    private static MlflowException NoHost() => new(
        ErrorKind.InvalidValue,
        "The tracking URI is databricks, but no workspace is configured. Set DATABRICKS_HOST to its address, such as "
        + "https://adb-1234567890123456.7.azuredatabricks.net, or create a profile in .databrickscfg and name it: databricks://<profile>.")
    { Target = "DATABRICKS_HOST" };
}
