using Anovos.Mlflow.Registry;
using Anovos.Mlflow.Tracking;

namespace Anovos.Mlflow.Copying;

/// <summary>Copies a registered model into a database with its version numbers and times.</summary>
internal sealed class ExactModelCopier(ModelRegistry source, ModelRegistry target, CopiedThings copies, ModelCopyOptions options)
{
    /// <summary>Copies the model with its versions, including removed ones. Returns the number of new versions.</summary>
    /// <param name="model">The model.</param>
    /// <param name="versions">Its versions.</param>
    /// <param name="there">The versions that the target has, by number. The copied versions are added.</param>
    /// <param name="leftOut">Called for each part that is not copied.</param>
    /// <param name="cancellationToken">Cancels the copy.</param>
    public async Task<int> CopyAsync(
        RegisteredModel model,
        IReadOnlyList<ModelVersion> versions,
        Dictionary<long, ModelVersion> there,
        LeftOut leftOut,
        CancellationToken cancellationToken)
    {
        IKeepsModels exact = target.As<IKeepsModels>()!;
        await exact.KeepModelAsync(model, cancellationToken).ConfigureAwait(false);
        int before = there.Count;
        foreach (ModelVersion version in versions)
        {
            await ModelCopier.TryAsync("ModelVersion", version.ModelUri, leftOut, async () =>
            {
                await exact.KeepVersionAsync(await MapAsync(version, leftOut, cancellationToken).ConfigureAwait(false), cancellationToken)
                    .ConfigureAwait(false);
                there[version.Version] = version;
            }).ConfigureAwait(false);
        }

        // Copying the versions changed the model's time.
        await exact.KeepModelAsync(model, cancellationToken).ConfigureAwait(false);
        return there.Count - before;
    }

    // Ids stay the same. Only the locations of files change, if the files were copied.
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
