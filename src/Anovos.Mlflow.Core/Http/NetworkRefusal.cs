using System.Text.RegularExpressions;

namespace Anovos.Mlflow.Http;

/// <summary>Recognizes when a Databricks workspace rejects the network of a request, so that other credentials do not help.</summary>
internal static class NetworkRefusal
{
    /// <summary>The error code of a workspace that accepts requests only over a private link (databricks-sdk-py).</summary>
    public const string PrivateLink = "PRIVATE_LINK_VALIDATION_ERROR";

    private static readonly Regex AccessList = new(
        @"(?:Source IP address: (?<address>[0-9A-Fa-f.:]+) )?.*\bblocked by Databricks IP ACL for (?<place>workspace|account)\b",
        RegexOptions.Singleline | RegexOptions.CultureInvariant);

    /// <summary>Advice for a refusal by an IP access list; null if the message is about something else.</summary>
    public static string? AdviceOn(string message)
    {
        if (AccessList.Match(message) is not { Success: true } match)
            return null;
        string address = match.Groups["address"].Success ? match.Groups["address"].Value : "its address";
        return "This machine's address is not on the IP access list. Connect from an allowed network, for example through a VPN, or ask an "
            + $"administrator of the {match.Groups["place"].Value} to add {address} to the list.";
    }

    /// <summary>
    /// Returns the error if a redirect leads to the page about a workspace that accepts requests only over a private link; null if it
    /// leads elsewhere.
    /// </summary>
    /// <param name="from">The address that redirects.</param>
    /// <param name="target">The address in the redirect.</param>
    public static MlflowException? Of(Uri from, Uri target)
    {
        if (target.AbsolutePath != "/login.html" || !target.Query.Contains("error=private-link-validation-error"))
            return null;
        string link = from.Host.Contains(".azuredatabricks.") || from.Host.Contains(".databricks.azure.") ? "Azure Private Link"
            : from.Host.EndsWith(".gcp.databricks.com", StringComparison.OrdinalIgnoreCase) ? "Private Service Connect"
            : from.Host.Contains(".databricks.") ? "AWS PrivateLink"
            : "a private link";
        return new MlflowException(
            ErrorKind.PermissionDenied,
            $"{from.GetLeftPart(UriPartial.Authority)} can only be reached over {link}, and this network has no access to it. Connect "
            + "from a network that has the workspace's private endpoint, for example through a VPN, or ask an administrator of the "
            + "workspace to allow access from public networks.")
        {
            Target = from.GetLeftPart(UriPartial.Authority),
            StatusCode = 403,
            ErrorCode = PrivateLink,
        };
    }
}
