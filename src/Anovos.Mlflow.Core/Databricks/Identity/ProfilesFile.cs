namespace Anovos.Mlflow.Databricks;

/// <summary>Reads <c>.databrickscfg</c>: INI, a profile a section. <c>[DEFAULT]</c> lends nothing to the others, as in Databricks' SDKs.</summary>
internal sealed class ProfilesFile
{
    private const string Settings = "__settings__";

    private readonly Dictionary<string, Dictionary<string, string>> _sections = new(StringComparer.Ordinal);

    private ProfilesFile(string path) => Path = path;

    /// <summary>The file.</summary>
    public string Path { get; }

    /// <summary>The profiles, in the order of the file.</summary>
    public IReadOnlyList<string> Names => [.. _sections.Keys.Where(name => name != Settings)];

    /// <summary>The profile to take when none is asked for: the one that <c>[__settings__]</c> names, else <c>DEFAULT</c> where it is there.</summary>
    public string? DefaultName =>
        _sections.TryGetValue(Settings, out Dictionary<string, string>? settings) && settings.TryGetValue("default_profile", out string? name) && name.Length > 0 ? name
        : _sections.ContainsKey("DEFAULT") ? "DEFAULT"
        : null;

    /// <summary>Reads the file; null where it is not there.</summary>
    /// <exception cref="MlflowException"><see cref="ErrorKind.InvalidValue"/> when it cannot be read.</exception>
    public static ProfilesFile? Read(string path)
    {
        if (!File.Exists(path))
            return null;
        var file = new ProfilesFile(path);
        Dictionary<string, string>? section = null;
        foreach (string line in ReadLines(path).Select(line => line.Trim()))
        {
            if (line.Length == 0 || line[0] is '#' or ';')
                continue;
            if (line[0] == '[' && line[line.Length - 1] == ']')
            {
                string name = line.Substring(1, line.Length - 2).Trim();
                if (!file._sections.TryGetValue(name, out section))
                    file._sections[name] = section = new(StringComparer.OrdinalIgnoreCase);
                continue;
            }

            int separator = line.IndexOfAny(['=', ':']);
            if (section is not null && separator > 0)
                section[line.Substring(0, separator).TrimEnd()] = line.Substring(separator + 1).Trim();
        }

        return file;
    }

    /// <summary>The settings of a profile, by their names in the file.</summary>
    /// <exception cref="MlflowException"><see cref="ErrorKind.InvalidValue"/> when it is not there.</exception>
    public IReadOnlyDictionary<string, string> Profile(string name) =>
        name != Settings && _sections.TryGetValue(name, out Dictionary<string, string>? values)
            ? values
            : throw new MlflowException(ErrorKind.InvalidValue, $"{Path} has no profile '{name}'. It has {(Names.Count == 0 ? "none" : string.Join(", ", Names))}. Correct the name, or add the profile.") { Target = name };

    private static string[] ReadLines(string path)
    {
        try
        {
            return File.ReadAllLines(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new MlflowException(ErrorKind.InvalidValue, $"The Databricks configuration file {path} cannot be read: {e.Message}", e) { Target = path };
        }
    }
}
