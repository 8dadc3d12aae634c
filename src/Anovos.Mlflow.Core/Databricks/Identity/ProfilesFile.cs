namespace Anovos.Mlflow.Databricks;

/// <summary>
/// Reads <c>.databrickscfg</c>: an INI file with one profile per section, as written by the Databricks CLI. As in Databricks' SDKs, other
/// profiles inherit nothing from <c>[DEFAULT]</c>.
/// </summary>
internal sealed class ProfilesFile
{
    private const string Reserved = "__settings__";
    private const string Default = "DEFAULT";

    private readonly IniFile _file;

    private ProfilesFile(string path, IniFile file) => (Path, _file) = (path, file);

    /// <summary>The path of the file.</summary>
    public string Path { get; }

    /// <summary>The profiles, in the order of the file.</summary>
    public IReadOnlyList<string> Names => [.. _file.Names.Where(name => name != Reserved)];

    /// <summary>
    /// The profile to use if the caller names none: the one in <c>[__settings__]</c>, else <c>DEFAULT</c> if it exists.
    /// </summary>
    public string? DefaultName =>
        _file.Section(Reserved) is { } settings && settings.TryGetValue("default_profile", out string? name) && name.Length > 0 ? name
        : _file.Section(Default) is { Count: > 0 } ? Default
        : null;

    /// <summary>
    /// Returns the path of the file: <c>DATABRICKS_CONFIG_FILE</c>, else <c>.databrickscfg</c> in the user's home folder.
    /// </summary>
    public static string Locate(string? variable, string? home) =>
        variable is not { Length: > 0 } ? System.IO.Path.Combine(home ?? "", ".databrickscfg")
        : variable.StartsWith("~/", StringComparison.Ordinal) ? System.IO.Path.Combine(home ?? "", variable.Substring(2))
        : variable;

    /// <summary>Reads the file; null if it does not exist.</summary>
    /// <exception cref="MlflowException"><see cref="ErrorKind.InvalidValue"/> if it cannot be read.</exception>
    public static ProfilesFile? Read(string path) =>
        IniFile.Read(path, "The Databricks configuration file", isStrict: true) is { } file ? new ProfilesFile(path, file) : null;

    /// <summary>Returns the settings of a profile that are not empty, by name.</summary>
    /// <exception cref="MlflowException">
    /// <see cref="ErrorKind.InvalidValue"/> if there is no such profile, or a value cannot be used.
    /// </exception>
    public IReadOnlyDictionary<string, string> Settings(string name)
    {
        if (name == Reserved)
            throw new MlflowException(
                ErrorKind.InvalidValue,
                $"{Path} has no profile '{name}': [{Reserved}] contains the settings of the Databricks CLI. Correct the name, or "
                + "default_profile in the file.")
            { Target = name };
        IReadOnlyDictionary<string, string> values = _file.Section(name)
            ?? throw new MlflowException(
                ErrorKind.InvalidValue,
                $"{Path} has no profile '{name}'. It has {(Names.Count == 0 ? "none" : string.Join(", ", Names))}. Correct the "
                + "name, or add the profile.")
            { Target = name };
        Dictionary<string, string> settings = new(StringComparer.Ordinal);
        foreach (DatabricksSetting setting in DatabricksSetting.All)
        {
            if (values.TryGetValue(setting.Name, out string? value)
                && DatabricksSetting.Read(setting.Name, value, $"{setting.Name} of profile '{name}'") is { } repaired)
                settings[setting.Name] = repaired;
        }

        return settings;
    }
}
