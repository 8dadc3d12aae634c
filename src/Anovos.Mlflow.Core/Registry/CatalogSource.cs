using Anovos.Mlflow.Artifacts;
using Anovos.Mlflow.Tracking;

namespace Anovos.Mlflow.Registry;

/// <summary>Opens the source files of a new version in Unity Catalog, with the same checks of the model as MLflow's client.</summary>
internal sealed class CatalogSource(ModelRegistry registry)
{
    private const string SkipVariable = "MLFLOW_SKIP_SIGNATURE_CHECK_FOR_UC_REGISTRY_MIGRATION";

    /// <summary>Opens the files.</summary>
    /// <exception cref="MlflowException">
    /// <see cref="ErrorKind.ModelInvalid"/> for a folder without <c>MLmodel</c> or a model without a signature; <see
    /// cref="ErrorKind.ArtifactNotFound"/>.
    /// </exception>
    public async Task<IArtifactStore> OpenAsync(NewModelVersion version, CancellationToken cancellationToken)
    {
        if (!ModelUri.IsOne(version.Source))
            RegistryRules.CheckSource(version.Source);
        ModelLocation location = await new ModelFinder(registry).LocateAsync(version, cancellationToken).ConfigureAwait(false);
        IArtifactStore files = location.OpenArtifacts(registry.Store);
        try
        {
            await CheckAsync(files, version.Source, cancellationToken).ConfigureAwait(false);
            return files;
        }
        catch
        {
            files.Dispose();
            throw;
        }
    }

    private static async Task CheckAsync(IArtifactStore files, string source, CancellationToken cancellationToken)
    {
        string folder = Path.Combine(Path.GetTempPath(), $"anovos-mlflow-{Guid.NewGuid():N}");
        Directory.CreateDirectory(folder);
        try
        {
            using (FileStream file = File.Create(Path.Combine(folder, ModelFile.Name)))
                await files.ReceiveAsync(ModelFile.Name, file, _ => { }, cancellationToken).ConfigureAwait(false);
            ModelSignature? signature = ModelFile.Read(folder, cancellationToken).Signature;
            if (signature is { Inputs.Count: > 0, Outputs.Count: > 0 })
                return;
            if (new EnvironmentVariables(Environment.GetEnvironmentVariable).Flag(SkipVariable, defaultValue: false))
                return;
            string lacks = signature is null ? "no signature"
                : signature.Inputs.Count == 0 ? "a signature without inputs"
                : "a signature without outputs";
            throw new MlflowException(
                ErrorKind.ModelInvalid,
                $"The model at {source} has {lacks}, but Unity Catalog requires a signature with inputs and outputs. "
                + "Log it again with mlflow's log_model(…, signature=infer_signature(inputs, outputs)).")
            { Target = source };
        }
        catch (MlflowException e) when (e.Kind == ErrorKind.ArtifactNotFound)
        {
            throw e.Rewrap($"There is no file {ModelFile.Name} at {source}, so it is not a model.", ErrorKind.ModelInvalid, source);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }
}
