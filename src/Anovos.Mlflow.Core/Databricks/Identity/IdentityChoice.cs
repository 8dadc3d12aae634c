namespace Anovos.Mlflow.Databricks;

/// <summary>Chooses how to sign in to a workspace.</summary>
internal static class IdentityChoice
{
    private const string Unsupported = "Databricks supports it, but this module does not";

    /// <summary>
    /// Returns the method to use. If it is a program that the machine may have anyway, also returns the other such programs, which are
    /// tried if no one is signed in with the first.
    /// </summary>
    /// <exception cref="MlflowException">
    /// <see cref="ErrorKind.AuthenticationFailed"/> if no method can be used; <see cref="ErrorKind.InvalidValue"/> for an
    /// <c>auth_type</c> that this module does not support.
    /// </exception>
    public static IReadOnlyList<IdentityMethod> Of(DatabricksConfig config)
    {
        string? wanted = config["auth_type"];
        if (wanted is not null && IdentityMethod.All.All(method => method.Name != wanted))
            throw Unknown(wanted);
        IdentityMethod[] methods = [.. IdentityMethod.All.Where(method => wanted is null || method.Name == wanted)];
        IdentityMethod[] usable = [.. methods.Where(method => method.Missing(config) is null)];
        if (usable.Length == 0)
            throw Nothing(config, methods);

        // Settings for Azure identify the method, so no other program is tried.
        return !usable[0].IsAmbient || config.Families.Contains("azure") ? [usable[0]] : [.. usable.Where(method => method.IsAmbient)];
    }

    /// <summary>Returns the method that signs in to Azure itself.</summary>
    /// <exception cref="MlflowException"><see cref="ErrorKind.AuthenticationFailed"/> if there is none.</exception>
    public static IdentityMethod OfAzure(DatabricksConfig config)
    {
        string? wanted = config["auth_type"];
        IdentityMethod[] methods = [.. IdentityMethod.All.Where(method => method.IsOfAzure && (wanted is null || method.Name == wanted))];
        return methods.FirstOrDefault(method => method.Missing(config) is null)
            ?? throw (methods.Length == 0 ? Unknown(wanted!) : Nothing(config, methods));
    }

    private static MlflowException Unknown(string wanted)
    {
        string names = string.Join(", ", IdentityMethod.All.Select(method => method.Name));
        string reason = IdentityMethod.OfOthers.Contains(wanted)
            ? $": {Unsupported}. Use one of {names}."
            : $", which is not one of {names}. Correct it.";
        return new(ErrorKind.InvalidValue, $"DATABRICKS_AUTH_TYPE (auth_type) is '{wanted}'{reason}") { Target = "DATABRICKS_AUTH_TYPE" };
    }

    private static MlflowException Nothing(DatabricksConfig config, IEnumerable<IdentityMethod> methods)
    {
        IEnumerable<string> reasons = methods.Select(method => $"{method.Name}: {method.Missing(config)}");
        string[] others = [.. config.Families.Where(family => family is "basic" or "google").Select(family => $"{family}: {Unsupported}")];
        return new(
            ErrorKind.AuthenticationFailed,
            $"No way to sign in to {config.Host.Host} is configured. {string.Join("; ", others.Concat(reasons))}. Set what one of these "
            + "methods needs.")
        { Target = config.Host.Host };
    }
}
