using Anovos.Mlflow.Http;

namespace Anovos.Mlflow.Cloud;

/// <summary>Opens the bucket that a URI names.</summary>
internal static class Buckets
{
    /// <summary>Whether the URI is that of a bucket of a supported kind.</summary>
    public static bool Speaks(string uri) => Scheme(uri) is "gs" or "s3" or "s3a" or "s3n" or "wasb" or "wasbs" or "abfs" or "abfss";

    /// <summary>
    /// Whether the environment or a profile provides credentials for the bucket. An identity that only a metadata service could provide
    /// does not count, because only a request would show whether there is one.
    /// </summary>
    /// <exception cref="MlflowException"><see cref="ErrorKind.InvalidValue"/> for a variable that cannot be read.</exception>
    public static bool HasCredentials(string uri, Func<string, string?> environment)
    {
        var variables = new EnvironmentVariables(environment);
        if (Scheme(uri) == "gs")
            return GcsSettings.FromEnvironment(variables).HasCredentials;
        string[] names = Scheme(uri).StartsWith("s3", StringComparison.Ordinal)
            ? ["AWS_PROFILE", "AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "AWS_CONTAINER_CREDENTIALS_FULL_URI"]
            :
            [
                "AZURE_STORAGE_CONNECTION_STRING", "AZURE_STORAGE_ACCESS_KEY", "AZURE_STORAGE_SAS_TOKEN", "AZURE_CLIENT_ID",
                "AZURE_FEDERATED_TOKEN_FILE",
            ];
        return names.Any(name => variables.Setting(name) is not null)
            || (Scheme(uri).StartsWith("s3", StringComparison.Ordinal) && S3Settings.FromEnvironment(variables).HasCredentials);
    }

    /// <summary>Opens the bucket. Also returns the key or prefix in it, without a slash at either end.</summary>
    /// <param name="uri">
    /// The URI, such as <c>s3://bucket/prefix</c>, <c>gs://bucket/prefix</c>, <c>wasbs://container@account.blob.core.windows.net/path</c>.
    /// </param>
    /// <param name="environment">Returns the value of an environment variable.</param>
    /// <param name="options">The connection options.</param>
    /// <param name="retrier">Retries transient errors.</param>
    /// <exception cref="MlflowException"><see cref="ErrorKind.UriUnsupported"/> for a URI that does not name a bucket; <see cref="ErrorKind.InvalidValue"/> for a variable that cannot be read.</exception>
    public static (IBucket Bucket, string Key) Open(string uri, Func<string, string?> environment, ConnectionOptions options, Retrier retrier)
    {
        (string root, string key) = Split(uri);
        string scheme = Scheme(uri), authority = root.Substring(scheme.Length).Trim(':', '/');
        var variables = new EnvironmentVariables(environment);
        if (scheme.StartsWith("s3", StringComparison.Ordinal))
        {
            return authority.Length > 0
                ? (new S3Bucket(authority, S3Settings.FromEnvironment(variables), options, retrier), key)
                : throw Unsupported("s3://bucket/path");
        }

        if (scheme == "gs")
        {
            return authority.Length > 0
                ? (new GcsBucket(authority, GcsSettings.FromEnvironment(variables), options, retrier), key)
                : throw Unsupported("gs://bucket/path");
        }

        return System.Uri.TryCreate($"{scheme}://{authority}", UriKind.Absolute, out Uri? container) && container.UserInfo.Length > 0 && container.Host.Contains('.')
            ? (new AzureContainer(container, variables, options, retrier), key)
            : throw Unsupported($"{scheme}://container@account.{(scheme.StartsWith("abfs", StringComparison.Ordinal) ? "dfs" : "blob")}.core.windows.net/path");

        MlflowException Unsupported(string form) =>
            new(ErrorKind.UriUnsupported, $"{uri} does not name a bucket. Expected {form}.") { Target = uri };
    }

    /// <summary>Splits a URI into that of the bucket, with a slash at its end, and the rest, without a slash at either end.</summary>
    public static (string Bucket, string Key) Split(string uri)
    {
        int start = uri.IndexOf(':') + 1;
        while (start < uri.Length && uri[start] == '/')
            start++;
        int slash = uri.IndexOf('/', start);
        return slash < 0 ? (uri + "/", "") : (uri.Substring(0, slash + 1), uri.Substring(slash).Trim('/'));
    }

    private static string Scheme(string uri) => LocalUri.SchemeOf(uri) ?? "";
}
