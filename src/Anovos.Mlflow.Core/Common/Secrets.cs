using System.Text.RegularExpressions;

namespace Anovos.Mlflow;

/// <summary>Recognizes settings that are secrets, and masks them.</summary>
internal static class Secrets
{
    /// <summary>The replacement for a secret.</summary>
    public const string Mask = "***";

    /// <summary>The environment variables that hold a secret, among those that this client and its libraries read.</summary>
    public static readonly IReadOnlyList<string> Variables =
    [
        "MLFLOW_TRACKING_PASSWORD", "MLFLOW_TRACKING_TOKEN",
        "DATABRICKS_TOKEN", "DATABRICKS_PASSWORD", "DATABRICKS_CLIENT_SECRET", "DATABRICKS_OIDC_TOKEN",
        "ARM_CLIENT_SECRET", "GOOGLE_CREDENTIALS", "SYSTEM_ACCESSTOKEN", "IDENTITY_HEADER",
        "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN",
        "AZURE_STORAGE_CONNECTION_STRING", "AZURE_STORAGE_ACCESS_KEY", "AZURE_STORAGE_SAS_TOKEN",
        "AZURE_CLIENT_SECRET", "AZURE_CLIENT_CERTIFICATE_PASSWORD", "AZURE_PASSWORD",
    ];

    /// <summary>The environment variables with URIs that may contain a password.</summary>
    public static readonly IReadOnlyList<string> UriVariables =
    [
        "MLFLOW_TRACKING_URI", "MLFLOW_REGISTRY_URI", "MLFLOW_S3_ENDPOINT_URL", "BUILD_REPOSITORY_URI",
        "HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy",
    ];

    // Within a key in any notation: accountKey, account_key, "Account Key".
    private static readonly string[] Parts =
    [
        "password", "passwd", "passphrase", "secret", "credential", "connectionstring",
        "accountkey", "accesskey", "apikey", "authkey", "privatekey",
    ];

    // Only as a whole word, because longer words contain them: max_tokens, disaster.
    private static readonly string[] Words = ["token", "sas", "pwd"];

    private static readonly Regex WordBreak = new("(?<=[a-z0-9])(?=[A-Z])|[^A-Za-z0-9]+", RegexOptions.CultureInvariant);

    private static readonly Regex UserInfo = new(@"(?<=://[^/\s:@]*:)[^/\s]+(?=@)|(?<=https?://)[^/\s:@]+(?=@)",
        RegexOptions.CultureInvariant);

    private static readonly Regex Assignment = new(
        @"(?<=(?:^|[?&;\s])(?:sig|signature|x-amz-signature|x-goog-signature|x-amz-security-token|access_token|token|password|pwd|secret" +
        @"|accountkey|sharedaccesskey|sharedaccesssignature)=)[^&;\s]+",
        RegexOptions.CultureInvariant | RegexOptions.IgnoreCase);

    /// <summary>The individual secrets in a connection string or a SAS token, which services may quote separately.</summary>
    public static string[] PartsOf(string? value) =>
        value is null ? [] : [.. Assignment.Matches(value).Cast<Match>().Select(match => match.Value)];

    /// <summary>Whether any value of this key is a secret.</summary>
    public static bool IsSecretKey(string key)
    {
        string[] words = WordBreak.Split(key).Select(word => word.ToLowerInvariant()).ToArray();
        string joined = string.Concat(words);
        return Parts.Any(joined.Contains) || Words.Any(words.Contains);
    }

    /// <summary>Masks passwords in URIs, SAS signatures and keys of connection strings.</summary>
    public static string Clean(string value) => Assignment.Replace(UserInfo.Replace(value, Mask), Mask);
}
