using System.Globalization;
using Anovos.Mlflow.Registry;
using Anovos.Mlflow.Tracking;

namespace Anovos.Mlflow.Copying;

/// <summary>The result of copying a registered model.</summary>
/// <param name="Created">The number of versions created.</param>
/// <param name="There">The number of the source's versions that the target has now.</param>
/// <param name="Aliases">The number of aliases set.</param>
internal sealed record CopiedModel(int Created, int There, int Aliases)
{
    /// <summary>
    /// Gets whether a version is left out because it was created from a version of another model that the target does not have yet.
    /// </summary>
    public bool Waits { get; init; }
}

/// <summary>
/// Copies registered models with versions, tags, descriptions, stages and aliases. The target assigns the version numbers: a copied version
/// is found again by a tag with its number in the source. Aliases are set last, so that none points to an incomplete version.
/// </summary>
internal sealed class ModelCopier
{
    private const string NoStage = "None";
    private const int PageSize = 1000;

    private readonly ModelRegistry _source;
    private readonly ModelRegistry _target;
    private readonly CopiedThings _copies;
    private readonly ModelCopyOptions _options;

    /// <summary>Copies from <paramref name="source"/> to <paramref name="target"/>.</summary>
    /// <param name="source">The registry that is read.</param>
    /// <param name="target">The registry that is written.</param>
    /// <param name="copies">The copies of runs and logged models.</param>
    /// <param name="options">The options of the copy.</param>
    /// <exception cref="MlflowException"><see cref="ErrorKind.NotSupported"/> if the target cannot keep version numbers.</exception>
    public ModelCopier(ModelRegistry source, ModelRegistry target, CopiedThings copies, ModelCopyOptions? options = null)
    {
        (_source, _target, _copies, _options) = (source, target, copies, options ?? new ModelCopyOptions());
        if (_options.KeepIds && target.As<IKeepsModels>() is null)
        {
            throw new MlflowException(
                ErrorKind.NotSupported, $"{target.TrackingUri} assigns version numbers itself. Only a database can keep them.");
        }
    }

    /// <summary>Returns the names of all models of a registry, including prompts.</summary>
    public static async Task<IReadOnlyList<string>> NamesAsync(IModelRegistry registry, CancellationToken cancellationToken)
    {
        var names = new SortedSet<string>(StringComparer.Ordinal);
        foreach (string? filter in new[] { null, ModelFilter.Prompts })
        {
            List<RegisteredModel> found = await PageWalker.ReadAllAsync(
                token => registry.Models.SearchAsync(filter, PageSize, token, cancellationToken)).ConfigureAwait(false);
            names.UnionWith(found.Select(model => model.Name));
        }

        return [.. names];
    }

    /// <summary>Copies a model. A version or an alias that fails is left out; the others are still copied.</summary>
    /// <param name="name">The model.</param>
    /// <param name="leftOut">Called for each part that is not copied.</param>
    /// <param name="cancellationToken">Cancels the copy.</param>
    /// <exception cref="MlflowException">
    /// <see cref="ErrorKind.ModelNotFound"/>; the target rejects the model; a registry cannot be reached.
    /// </exception>
    /// <returns>The result; null if no version of the model is selected.</returns>
    public async Task<CopiedModel?> CopyAsync(string name, LeftOut leftOut, CancellationToken cancellationToken)
    {
        RegisteredModel model = await _source.Models.GetAsync(name, cancellationToken).ConfigureAwait(false);
        IReadOnlyList<ModelVersion> versions = await VersionsAsync(
            _source, model, withDeleted: _options.KeepIds, cancellationToken).ConfigureAwait(false);
        RegisteredModel? there = await FindAsync(name, cancellationToken).ConfigureAwait(false);
        Dictionary<long, ModelVersion> copies = there is null ? [] : await CopiesAsync(there, cancellationToken).ConfigureAwait(false);
        versions = Select(versions, copies, leftOut);
        if (versions.Count == 0 && _options.WhyNotSelected is not null)
            return null;
        if (_options.CountOnly)
            return Count(model, versions, there, copies);
        bool waits = false;
        int created = _options.KeepIds
            ? await new ExactModelCopier(_source, _target, _copies, _options).CopyAsync(
                model, versions, copies, leftOut, cancellationToken).ConfigureAwait(false)
            : await CopyAsync(model, versions, there, copies, () => waits = true, leftOut, cancellationToken).ConfigureAwait(false);
        int aliases = await SetAliasesAsync(model, there, copies, leftOut, cancellationToken).ConfigureAwait(false);
        return new CopiedModel(created, copies.Count, aliases) { Waits = waits };
    }

    private async Task<int> CopyAsync(
        RegisteredModel model,
        IReadOnlyList<ModelVersion> versions,
        RegisteredModel? there,
        Dictionary<long, ModelVersion> copies,
        Action otherIsMissing,
        LeftOut leftOut,
        CancellationToken cancellationToken)
    {
        string name = model.Name;
        await EnsureAsync(model, there, leftOut, cancellationToken).ConfigureAwait(false);
        var sources = new VersionSources(_source, _copies, async (other, number) =>
        {
            long? copy = await NumberOfAsync(other, number, name, copies, cancellationToken).ConfigureAwait(false);
            if (copy is null && other != name)
                otherIsMissing();
            return copy;
        });
        int created = 0;
        foreach (ModelVersion version in versions)
        {
            bool isThere = copies.TryGetValue(version.Version, out ModelVersion? copy);
            copy ??= await CreateAsync(version, sources, leftOut, cancellationToken).ConfigureAwait(false);
            if (copy is null)
                continue;
            created += isThere ? 0 : 1;
            copies[version.Version] = copy;
            await UpdateAsync(version, copy, leftOut, cancellationToken).ConfigureAwait(false);
        }

        return created;
    }

    // A version from an earlier copy of other runs is not missing.
    private IReadOnlyList<ModelVersion> Select(
        IReadOnlyList<ModelVersion> versions, Dictionary<long, ModelVersion> copies, LeftOut leftOut)
    {
        if (_options.WhyNotSelected is not { } whyNot)
            return versions;
        List<ModelVersion> selected = [];
        foreach (ModelVersion version in versions)
        {
            if (whyNot(version) is not { } reason)
                selected.Add(version);
            else if (!copies.ContainsKey(version.Version) && version.Stage != ModelVersion.DeletedStage)
                leftOut("ModelVersion", version.ModelUri, reason);
        }

        return selected;
    }

    private static CopiedModel Count(
        RegisteredModel model, IReadOnlyList<ModelVersion> versions, RegisteredModel? there, Dictionary<long, ModelVersion> copies)
    {
        int created = versions.Count(version => !copies.ContainsKey(version.Version));
        int aliases = model.Aliases.Count(alias => copies.TryGetValue(alias.Value, out ModelVersion? copy)
            ? !IsSet(there, alias.Key, copy)
            : versions.Any(version => version.Version == alias.Value));
        return new CopiedModel(created, versions.Count, aliases);
    }

    private static async Task<IReadOnlyList<ModelVersion>> VersionsAsync(
        ModelRegistry registry, RegisteredModel model, bool withDeleted, CancellationToken cancellationToken)
    {
        if (registry.As<IListsAllVersions>() is { } local)
        {
            IReadOnlyList<ModelVersion> all = await local.ListAllAsync(model.Name, cancellationToken).ConfigureAwait(false);
            return withDeleted ? all : [.. all.Where(version => version.Stage != ModelVersion.DeletedStage)];
        }

        // A search returns versions of prompts only if it asks for them.
        string filter = ModelFilter.VersionsOfModel(model.Name);
        if (ModelFilter.IsPrompt(model.Tags))
            filter += $" AND {ModelFilter.Prompts}";
        List<ModelVersion> found = await PageWalker.ReadAllAsync(
            token => registry.Versions.SearchAsync(filter, PageSize, token, cancellationToken)).ConfigureAwait(false);
        return [.. found.OrderBy(version => version.Version)];
    }

    // Keyed by the number in the source.
    private async Task<Dictionary<long, ModelVersion>> CopiesAsync(RegisteredModel there, CancellationToken cancellationToken)
    {
        IReadOnlyList<ModelVersion> all = await VersionsAsync(
            _target, there, withDeleted: _options.KeepIds, cancellationToken).ConfigureAwait(false);
        if (_options.KeepIds)
            return all.ToDictionary(version => version.Version);
        var copies = new Dictionary<long, ModelVersion>();
        foreach (ModelVersion version in all)
        {
            if (version.Tags.TryGetValue(ModelTags.SourceVersion, out string? text) && long.TryParse(text, out long number)
                && version.Tags.TryGetValue(ModelTags.SourceUri, out string? uri) && uri == _source.TrackingUri)
            {
                copies[number] = version;
            }
        }

        return copies;
    }

    private async Task<long?> NumberOfAsync(
        string other, long number, string name, Dictionary<long, ModelVersion> copies, CancellationToken cancellationToken)
    {
        if (other != name)
        {
            RegisteredModel? there = await FindAsync(other, cancellationToken).ConfigureAwait(false);
            copies = there is null ? [] : await CopiesAsync(there, cancellationToken).ConfigureAwait(false);
        }

        return copies.TryGetValue(number, out ModelVersion? copy) ? copy.Version : null;
    }

    private async Task<RegisteredModel?> FindAsync(string name, CancellationToken cancellationToken)
    {
        try
        {
            return await _target.Models.GetAsync(name, cancellationToken).ConfigureAwait(false);
        }
        catch (MlflowException e) when (e.Kind == ErrorKind.ModelNotFound)
        {
            return null;
        }
    }

    private async Task EnsureAsync(
        RegisteredModel model, RegisteredModel? there, LeftOut leftOut, CancellationToken cancellationToken)
    {
        Tag[] tags = [.. model.Tags.Select(tag => new Tag(tag.Key, tag.Value))];
        there ??= await _target.Models.CreateAsync(
            model.Name, model.Description, ModelFilter.IsPrompt(model.Tags) ? tags : [], cancellationToken).ConfigureAwait(false);
        if (model.Description.Length > 0 && model.Description != there.Description)
        {
            await TryAsync("Description", model.Name, leftOut, () =>
                _target.Models.DescribeAsync(model.Name, model.Description, cancellationToken)).ConfigureAwait(false);
        }

        foreach (Tag tag in tags.Where(tag => !there.Tags.TryGetValue(tag.Key, out string? value) || value != tag.Value))
        {
            await TryAsync("ModelTag", tag.Key, leftOut, () =>
                _target.Models.SetTagAsync(model.Name, tag, cancellationToken)).ConfigureAwait(false);
        }
    }

    private async Task<ModelVersion?> CreateAsync(
        ModelVersion version, VersionSources sources, LeftOut leftOut, CancellationToken cancellationToken)
    {
        ModelVersion? made = null;
        await TryAsync("ModelVersion", version.ModelUri, leftOut, async () =>
        {
            VersionSource source = ModelFilter.IsPrompt(version.Tags)
                ? new VersionSource(version.Source, "", "")
                : await sources.TranslateAsync(version, cancellationToken).ConfigureAwait(false);
            if (source.WhyMissing is { } why)
            {
                leftOut("ModelVersion", version.ModelUri, why);
                return;
            }

            List<Tag> tags =
            [
                new(ModelTags.SourceVersion, version.Version.ToString(CultureInfo.InvariantCulture)),
                new(ModelTags.SourceUri, _source.TrackingUri),
            ];
            if (version.RunId.Length > 0 && source.RunId.Length == 0)
                tags.Add(new Tag(ModelTags.SourceRunId, version.RunId));
            if (ModelFilter.IsPrompt(version.Tags))
                tags.AddRange(version.Tags.Where(IsCopied).Select(tag => new Tag(tag.Key, tag.Value)));
            var request = new NewModelVersion(version.Name, source.Source)
            {
                RunId = source.RunId.Length == 0 ? null : source.RunId,
                ModelId = source.ModelId.Length == 0 ? null : source.ModelId,
                Description = version.Description.Length == 0 ? null : version.Description,
                Tags = tags,
            };
            made = await _target.Versions.CreateAsync(request, cancellationToken).ConfigureAwait(false);
        }).ConfigureAwait(false);
        return made;
    }

    private async Task UpdateAsync(ModelVersion version, ModelVersion copy, LeftOut leftOut, CancellationToken cancellationToken)
    {
        if (version.Description.Length > 0 && version.Description != copy.Description)
        {
            await TryAsync("Description", version.ModelUri, leftOut, () =>
                _target.Versions.DescribeAsync(copy.Name, copy.Version, version.Description, cancellationToken)).ConfigureAwait(false);
        }

        foreach (KeyValuePair<string, string> tag in version.Tags)
        {
            bool isThere = copy.Tags.TryGetValue(tag.Key, out string? value) && value == tag.Value;
            if (isThere || !IsCopied(tag))
                continue;
            await TryAsync("VersionTag", $"{version.ModelUri} {tag.Key}", leftOut, () => _target.Versions.SetTagAsync(
                copy.Name, copy.Version, new Tag(tag.Key, tag.Value), cancellationToken)).ConfigureAwait(false);
        }

        if (version.Stage != copy.Stage && (version.Stage != NoStage || copy.Stage != NoStage))
        {
            await TryAsync("Stage", version.ModelUri, leftOut, () => _target.Versions.MoveAsync(
                copy.Name, copy.Version, version.Stage, archiveOthers: false, cancellationToken)).ConfigureAwait(false);
        }
    }

    private async Task<int> SetAliasesAsync(
        RegisteredModel model,
        RegisteredModel? there,
        Dictionary<long, ModelVersion> copies,
        LeftOut leftOut,
        CancellationToken cancellationToken)
    {
        int set = 0;
        foreach (KeyValuePair<string, long> alias in model.Aliases.OrderBy(alias => alias.Key, StringComparer.Ordinal))
        {
            if (!copies.TryGetValue(alias.Value, out ModelVersion? copy))
            {
                leftOut("Alias", $"{model.Name}@{alias.Key}", $"The version {alias.Value} that it points to is not copied.");
                continue;
            }

            if (IsSet(there, alias.Key, copy))
                continue;
            await TryAsync("Alias", $"{model.Name}@{alias.Key}", leftOut, async () =>
            {
                await _target.Aliases.SetAsync(model.Name, alias.Key, copy.Version, cancellationToken).ConfigureAwait(false);
                set++;
            }).ConfigureAwait(false);
        }

        return set;
    }

    private static bool IsSet(RegisteredModel? there, string alias, ModelVersion copy) =>
        there?.Aliases.TryGetValue(alias, out long number) == true && number == copy.Version;

    // The source may itself be a copy.
    private static bool IsCopied(KeyValuePair<string, string> tag) =>
        !ModelTags.IsOwn(tag.Key) && tag.Key != RestStore.IdempotencyKeyTag;

    internal static async Task TryAsync(string kind, string name, LeftOut leftOut, Func<Task> step)
    {
        try
        {
            await step().ConfigureAwait(false);
        }
        catch (MlflowException e) when (!e.EndsOperation())
        {
            leftOut(kind, name, e.Message);
        }
    }
}
