namespace Anovos.Mlflow.Tracking;

/// <summary>
/// Reads the registered models in an <c>mlruns</c> folder: <c>models/&lt;name&gt;/</c> with <c>meta.yaml</c>, <c>tags/</c>, <c>aliases/</c>
/// and <c>version-&lt;n&gt;/</c>.
/// </summary>
internal sealed class ModelFolders(string root, string trackingUri, Action<string> warn)
{
    private const string VersionPrefix = "version-";

    private readonly string _models = Path.Combine(root, "models");

    /// <summary>Returns every model that can be read, ordered by name.</summary>
    public IReadOnlyList<RegisteredModel> List(CancellationToken cancellationToken)
    {
        if (!Directory.Exists(_models))
            return [];
        return [.. Directory.EnumerateDirectories(_models).Where(MetaFile.Exists)
            .Select(folder => ForeignFile.Skip(() => Read(folder, cancellationToken), warn, folder))
            .OfType<RegisteredModel>()
            .OrderBy(model => model.Name, StringComparer.Ordinal)];
    }

    /// <summary>
    /// Returns the versions of a model, ordered by number. Removed versions are included; their stage is <c>Deleted_Internal</c>.
    /// </summary>
    public IReadOnlyList<ModelVersion> Versions(RegisteredModel model, CancellationToken cancellationToken)
    {
        string folder = Directory.EnumerateDirectories(_models).Where(MetaFile.Exists).First(one => NameIn(one) == model.Name);
        return [.. Directory.EnumerateDirectories(folder, VersionPrefix + "*").Where(MetaFile.Exists)
            .Select(version => ForeignFile.Skip(() => ReadVersion(model, version, cancellationToken), warn, version))
            .OfType<ModelVersion>()
            .OrderBy(version => version.Version)];
    }

    private string NameIn(string folder) => MetaFile.Read(folder, _ => { }).Find("name") ?? Path.GetFileName(folder);

    private RegisteredModel Read(string folder, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        MetaFile meta = MetaFile.Read(folder, warn);
        var aliases = new Dictionary<string, long>(StringComparer.Ordinal);
        foreach (KeyValuePair<string, string> alias in new KeyFiles(folder, "aliases").ReadAll(warn, cancellationToken))
        {
            if (long.TryParse(alias.Value.Trim(), out long version))
                aliases[alias.Key] = version;
            else
                warn($"{Path.Combine(folder, "aliases", alias.Key)} does not contain a version number. This alias is left out.");
        }

        var model = new RegisteredModel
        {
            Name = NameIn(folder),
            Description = meta.Find("description") ?? "",
            Aliases = aliases,
            CreationTime = meta.Time("creation_timestamp"),
            LastUpdateTime = meta.Time("last_updated_timestamp"),
            Tags = new KeyFiles(folder, KeyFiles.Tags).ReadAll(warn, cancellationToken),
            TrackingUri = trackingUri,
        };
        return model with
        {
            LatestVersions = [.. Versions(model, cancellationToken).Where(version => version.Stage != ModelVersion.DeletedStage)
                .GroupBy(version => version.Stage).Select(stage => stage.Last())],
        };
    }

    private ModelVersion? ReadVersion(RegisteredModel model, string folder, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        if (!long.TryParse(Path.GetFileName(folder).Substring(VersionPrefix.Length), out long number))
            return null;
        MetaFile meta = MetaFile.Read(folder, warn);
        return new ModelVersion
        {
            Name = model.Name,
            Version = number,
            Stage = meta.Find("current_stage") ?? "None",
            Aliases = [.. model.Aliases.Where(alias => alias.Value == number).Select(alias => alias.Key)],
            Status = meta.Find("status") ?? "READY",
            StatusMessage = meta.Find("status_message") ?? "",
            Description = meta.Find("description") ?? "",
            Source = meta.Find("source") ?? "",
            RunId = meta.Find("run_id") ?? "",
            ModelId = meta.Find("model_id") ?? "",
            RunLink = meta.Find("run_link") ?? "",
            StorageLocation = meta.Find("storage_location") ?? "",
            UserId = meta.Find("user_id") ?? "",
            CreationTime = meta.Time("creation_timestamp"),
            LastUpdateTime = meta.Time("last_updated_timestamp"),
            Tags = new KeyFiles(folder, KeyFiles.Tags).ReadAll(warn, cancellationToken),
            TrackingUri = trackingUri,
        };
    }
}
