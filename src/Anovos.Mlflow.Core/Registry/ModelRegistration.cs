using Anovos.Mlflow.Tracking;

namespace Anovos.Mlflow.Registry;

/// <summary>Operations that work the same on every registry.</summary>
public static class ModelRegistration
{
    /// <summary>Creates a version and points aliases to it. Creates the registered model first if it is missing.</summary>
    /// <param name="registry">The registry.</param>
    /// <param name="version">The version.</param>
    /// <param name="aliases">The aliases.</param>
    /// <param name="modelExists">True if the registered model is known to exist.</param>
    /// <param name="cancellationToken">Cancels the operation.</param>
    public static async Task<ModelVersion> RegisterAsync(this IModelRegistry registry, NewModelVersion version, IReadOnlyList<string> aliases, bool modelExists, CancellationToken cancellationToken)
    {
        try
        {
            if (!modelExists)
                await registry.Models.CreateAsync(version.Name, description: null, [], cancellationToken).ConfigureAwait(false);
        }
        catch (MlflowException e) when (e.Kind == ErrorKind.ModelExists)
        {
            // Another process created it in the meantime.
        }

        ModelVersion made = await registry.Versions.CreateAsync(version, cancellationToken).ConfigureAwait(false);
        foreach (string alias in aliases)
        {
            try
            {
                await registry.Aliases.SetAsync(made.Name, alias, made.Version, cancellationToken).ConfigureAwait(false);
            }
            catch (MlflowException e)
            {
                // Repeating the whole operation would create a second version.
                throw e.Rewrap($"{made.ModelUri} was created, but the alias '{alias}' was not set: {e.Message} Set-MlflowModelAlias sets an alias alone.", target: made.ModelUri);
            }
        }

        return aliases.Count == 0 ? made : await registry.Versions.GetAsync(made.Name, made.Version, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>True if the model is known to exist.</summary>
    public static async Task<bool> ExistsAsync(this IRegisteredModels models, string name, CancellationToken cancellationToken)
    {
        try
        {
            return await FindExactAsync(models, name, cancellationToken).ConfigureAwait(false) is not null;
        }
        catch (MlflowException e) when (e.Kind == ErrorKind.PermissionDenied)
        {
            // MLflow with basic authentication does not say whether a model is missing or belongs to another user. Creating it shows which.
            return false;
        }
    }

    /// <summary>Finds the model that the name means exactly; null if there is none.</summary>
    public static Task<RegisteredModel?> FindAsync(this IRegisteredModels models, NamePattern name, CancellationToken cancellationToken) =>
        name.FindAsync(exact => FindExactAsync(models, exact, cancellationToken), model => model.Name);

    /// <summary>
    /// Returns the name of the model that is meant where wildcards are not allowed. If there is no such model, returns the given name.
    /// </summary>
    public static async Task<string> ResolveNameAsync(this IRegisteredModels models, string name, CancellationToken cancellationToken)
    {
        var pattern = new NamePattern(name);
        return pattern.Names.Count == 1 ? name : (await FindAsync(models, pattern, cancellationToken).ConfigureAwait(false))?.Name ?? name;
    }

    private static async Task<RegisteredModel?> FindExactAsync(IRegisteredModels models, string name, CancellationToken cancellationToken)
    {
        try
        {
            return await models.GetAsync(name, cancellationToken).ConfigureAwait(false);
        }
        catch (MlflowException e) when (e.Kind == ErrorKind.ModelNotFound)
        {
            return null;
        }
    }
}
