using Anovos.Mlflow.Registry;
using Anovos.Mlflow.Tracking;

namespace Anovos.Mlflow.Copying;

/// <summary>Copies a registered model into a database with its numbers and times.</summary>
internal sealed class ExactModelCopier(ModelRegistry source, ModelRegistry target, CopiedThings copies, ModelCopyOptions options)
{
    /// <summary>Copies the model with all its versions, those that were removed as well.</summary>
    public async Task<CopiedModel> CopyAsync(
        RegisteredModel model, IReadOnlyList<ModelVersion> versions, LeftOut leftOut, CancellationToken cancellationToken)
    {
        if (options.CountOnly)
            return new CopiedModel(versions.Count, versions.Count, model.Aliases.Count);
        IKeepsModels exact = target.As<IKeepsModels>()!;
        await exact.KeepModelAsync(model, cancellationToken).ConfigureAwait(false);
        int there = 0, aliases = 0;
        foreach (ModelVersion version in versions)
        {
            await ModelCopier.TryAsync("ModelVersion", version.ModelUri, leftOut, async () =>
            {
                await exact.KeepVersionAsync(await MapAsync(version, leftOut, cancellationToken).ConfigureAwait(false), cancellationToken)
                    .ConfigureAwait(false);
                there++;
            }).ConfigureAwait(false);
        }

        foreach (KeyValuePair<string, long> alias in model.Aliases)
        {
            await ModelCopier.TryAsync("Alias", $"{model.Name}@{alias.Key}", leftOut, async () =>
            {
                await exact.Aliases.SetAsync(model.Name, alias.Key, alias.Value, cancellationToken).ConfigureAwait(false);
                aliases++;
            }).ConfigureAwait(false);
        }

        // The versions changed the time.
        await exact.KeepModelAsync(model, cancellationToken).ConfigureAwait(false);
        return new CopiedModel(there, there, aliases);
    }

    // Ids stay the same, so that only the places of files change, where these were copied.
    private async Task<ModelVersion> MapAsync(ModelVersion version, LeftOut leftOut, CancellationToken cancellationToken)
    {
        if (options.KeepArtifactLocations || version.Stage == ModelVersion.DeletedStage || ModelFilter.IsPrompt(version.Tags))
            return version;
        var sources = new VersionSources(source, copies, (_, number) => Task.FromResult<long?>(number));
        VersionSource from = await sources.TranslateAsync(version, cancellationToken).ConfigureAwait(false);
        VersionSource place = version.StorageLocation.Length == 0
            ? from
            : await sources.TranslateLocationAsync(version, cancellationToken).ConfigureAwait(false);
        if ((from.WhyMissing ?? place.WhyMissing) is { } why)
            leftOut("ModelVersion", version.ModelUri, $"It keeps its source. {why}");
        return version with
        {
            Source = from.WhyMissing is null ? from.Source : version.Source,
            StorageLocation = place.WhyMissing is null && version.StorageLocation.Length > 0 ? place.Source : version.StorageLocation,
        };
    }
}
