namespace Anovos.Mlflow.Tracking;

/// <summary>A folder with one file per key: the params, tags or metrics of a run. A slash in a key creates a subfolder.</summary>
/// <param name="owner">The folder of the run or experiment.</param>
/// <param name="name">The name of the folder in it.</param>
internal sealed class KeyFiles(string owner, string name)
{
    public const string Params = "params";
    public const string Metrics = "metrics";
    public const string Tags = "tags";

    private readonly string _folder = Path.Combine(owner, name);

    /// <summary>Returns every key and its file. Ignores hidden files, such as those of file managers and editors.</summary>
    public IEnumerable<KeyValuePair<string, string>> All()
    {
        if (!Directory.Exists(_folder))
            yield break;
        foreach (string path in Directory.EnumerateFiles(_folder, "*", SearchOption.AllDirectories))
        {
            string key = path.Substring(_folder.Length + 1).Replace(Path.DirectorySeparatorChar, '/');
            if (key[0] != '.' && !key.Contains("/."))
                yield return new KeyValuePair<string, string>(key, path);
        }
    }

    /// <summary>Returns every key and its text.</summary>
    public Dictionary<string, string> ReadAll(Action<string> warn, CancellationToken cancellationToken)
    {
        var values = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var file in All())
        {
            cancellationToken.ThrowIfCancellationRequested();
            // A tag may be removed after the files were listed.
            if (ForeignFile.Skip(() => SharedFile.Read(file.Value, cancellationToken), warn, file.Value) is { } value)
                values[file.Key] = value;
        }

        return values;
    }

    /// <summary>Returns the key's text; null if there is none.</summary>
    public string? Find(string key, CancellationToken cancellationToken) =>
        File.Exists(PathOf(key)) ? SharedFile.Read(PathOf(key), cancellationToken) : null;

    /// <summary>Writes the key's text and replaces an existing one.</summary>
    public void Write(string key, string value, CancellationToken cancellationToken) =>
        SharedFile.Write(PathOf(key), value, scratch: owner, cancellationToken);

    /// <summary>Writes the texts one after another.</summary>
    public void WriteAll(IEnumerable<(string Key, string Value)> values, CancellationToken cancellationToken)
    {
        foreach ((string key, string value) in values)
        {
            cancellationToken.ThrowIfCancellationRequested();
            Write(key, value, cancellationToken);
        }
    }

    /// <summary>Returns the key's file, which may not exist.</summary>
    /// <exception cref="MlflowException"><see cref="ErrorKind.InvalidValue"/> for an invalid key.</exception>
    public FileInfo FileOf(string key) => new(PathOf(key));

    /// <summary>Removes the key and the folders that become empty; returns false if the key did not exist.</summary>
    public bool Delete(string key, CancellationToken cancellationToken)
    {
        // On a file system that ignores case, the file may belong to another key.
        string path = PathOf(key);
        if (!File.Exists(path) || All().All(file => file.Key != key))
            return false;
        BusyFile.Replace(path, () => File.Delete(path), cancellationToken);
        for (string folder = Path.GetDirectoryName(path)!; folder != _folder; folder = Path.GetDirectoryName(folder)!)
        {
            try
            {
                if (Directory.EnumerateFileSystemEntries(folder).Any())
                    break;
                Directory.Delete(folder);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                // On Windows, a program that lists the folder blocks its removal. An empty folder is harmless, and the key is gone.
                break;
            }
        }

        return true;
    }

    /// <summary>Throws for a key that exceeds the limits or cannot be a file: no disk can hold both <c>a</c> and <c>a/b</c>.</summary>
    /// <exception cref="MlflowException"><see cref="ErrorKind.InvalidValue"/></exception>
    public void Check(IReadOnlyCollection<string> keys, StoreLimits limits, StoreCase names)
    {
        if (keys.Count > 0 && names.FindMerged(keys, () => All().Select(file => file.Key)) is var (merged, other))
            throw Refused(merged, Merged(other));
        var together = new HashSet<string>(keys, StringComparer.Ordinal);
        foreach (string key in keys)
        {
            if ((limits.WhyInvalidKey(key) ?? FileNames.WhyInvalid(key, WindowsName.IsWindows)) is { } why)
                throw Refused(key, why);
            if (Directory.Exists(PathOf(key)) && !RemoveIfEmpty(PathOf(key)))
                throw Refused(key, $"there are keys that begin with '{key}/', and a directory store cannot hold both");
            for (int slash = key.LastIndexOf('/'); slash > 0; slash = key.LastIndexOf('/', slash - 1))
            {
                string above = key.Substring(0, slash);
                if (together.Contains(above) || File.Exists(PathOf(above)))
                    throw Refused(key, $"there is a key '{above}', and a directory store cannot hold both");
            }
        }
    }

    private static string Merged(string other) =>
        $"there is a key '{other}', and the file system of this folder does not distinguish upper and lower case";

    // If a writer was killed after it created the folder of 'a/b' and before it wrote the file, the folder must not block 'a'.
    private static bool RemoveIfEmpty(string folder)
    {
        if (Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories).Any())
            return false;
        Directory.Delete(folder, recursive: true);
        return true;
    }

    // All paths are built here, so that no key leads out of the folder: MLflow's rules ensure that in every store.
    private string PathOf(string key) => StoreLimits.Mlflow.WhyInvalidKey(key) is { } why
        ? throw Refused(key, why)
        : Path.Combine(_folder, key.Replace('/', Path.DirectorySeparatorChar));

    private MlflowException Refused(string key, string why) =>
        new(ErrorKind.InvalidValue, $"The key '{key}' cannot be stored in the {name} of a directory store: {why}.") { Target = key };
}
