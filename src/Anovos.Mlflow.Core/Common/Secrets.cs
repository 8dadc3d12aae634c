using System.Text.RegularExpressions;

namespace Anovos.Mlflow;

/// <summary>Tells what must not leave the machine as a setting, and blots it out.</summary>
internal static class Secrets
{
    /// <summary>What stands for a secret.</summary>
    public const string Mask = "***";

    // In a key of any make: accountKey, account_key, "Account Key".
    private static readonly string[] Parts =
    [
        "password", "passwd", "passphrase", "secret", "credential", "connectionstring",
        "accountkey", "accesskey", "apikey", "authkey", "privatekey",
    ];

    // As a whole word only, since longer words hold them: max_tokens, disaster.
    private static readonly string[] Words = ["token", "sas", "pwd"];

    private static readonly Regex WordBreak = new("(?<=[a-z0-9])(?=[A-Z])|[^A-Za-z0-9]+", RegexOptions.CultureInvariant);

    private static readonly Regex UserInfo = new(@"(?<=://[^/\s:@]*:)[^/\s]+(?=@)|(?<=https?://)[^/\s:@]+(?=@)",
        RegexOptions.CultureInvariant);

    private static readonly Regex Assignment = new(
        @"(?<=(?:^|[?&;\s])(?:sig|signature|x-amz-signature|x-amz-security-token|access_token|token|password|pwd|secret" +
        @"|accountkey|sharedaccesskey|sharedaccesssignature)=)[^&;\s]+",
        RegexOptions.CultureInvariant | RegexOptions.IgnoreCase);

    /// <summary>Whether a value under this key is a secret, whatever it is.</summary>
    public static bool IsSecretKey(string key)
    {
        string[] words = WordBreak.Split(key).Select(word => word.ToLowerInvariant()).ToArray();
        string joined = string.Concat(words);
        return Parts.Any(joined.Contains) || Words.Any(words.Contains);
    }

    /// <summary>The value without passwords of URIs, signatures of SAS and keys of connection strings.</summary>
    public static string Clean(string value) => Assignment.Replace(UserInfo.Replace(value, Mask), Mask);
}
