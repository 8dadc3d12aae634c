namespace Anovos.Mlflow.Databricks;

/// <summary>Reads <c>.databrickscfg</c>: an INI file with a profile per section. Other profiles inherit nothing from <c>[DEFAULT]</c>, as in Databricks' SDKs.</summary>
internal sealed class ProfilesFile
{
    private const string Settings = "__settings__";
    private const string Default = "DEFAULT";

    private readonly IniFile _file;

    private ProfilesFile(string path, IniFile file) => (Path, _file) = (path, file);

    /// <summary>The file.</summary>
    public string Path { get; }

    /// <summary>The profiles, in the order of the file.</summary>
    public IReadOnlyList<string> Names => [.. _file.Names.Where(name => name != Settings)];

    /// <summary>The profile to use when the caller names none: the one in <c>[__settings__]</c>, else <c>DEFAULT</c> if there is one.</summary>
    public string? DefaultName =>
        _file.Section(Settings) is { } settings && settings.TryGetValue("default_profile", out string? name) && name.Length > 0 ? name
        : _file.Section(Default) is not null ? Default
        : null;

    /// <summary>Reads the file; null if it does not exist.</summary>
    /// <exception cref="MlflowException"><see cref="ErrorKind.InvalidValue"/> if it cannot be read.</exception>
    public static ProfilesFile? Read(string path) => IniFile.Read(path, "The Databricks configuration file") is { } file ? new ProfilesFile(path, file) : null;

    /// <summary>The settings of a profile, by their names in the file.</summary>
    /// <exception cref="MlflowException"><see cref="ErrorKind.InvalidValue"/> if there is no such profile.</exception>
    public IReadOnlyDictionary<string, string> Profile(string name) =>
        name != Settings && _file.Section(name) is { } values
            ? values
            : throw new MlflowException(ErrorKind.InvalidValue, $"{Path} has no profile '{name}'. It has {(Names.Count == 0 ? "none" : string.Join(", ", Names))}. Correct the name, or add the profile.") { Target = name };
}
