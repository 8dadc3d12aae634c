using System.Text.RegularExpressions;

namespace Anovos.Mlflow.Databricks;

/// <summary>A workspace's address as people copy it, with the ids that its query may contain (databricks-sdk-go).</summary>
/// <param name="Address">Scheme and host.</param>
/// <param name="WorkspaceId">The id in <c>?w=</c>, or else a number in <c>?o=</c> or <c>?workspace_id=</c>.</param>
/// <param name="AccountId">The id in <c>?a=</c> or <c>?account_id=</c>.</param>
internal sealed record WorkspaceHost(Uri Address, string? WorkspaceId, string? AccountId)
{
    private static readonly Regex Number = new(@"\A[0-9]+\z", RegexOptions.CultureInvariant);
    private static readonly Regex Id = new(@"\A[\w.-]+\z", RegexOptions.CultureInvariant);

    /// <summary>Parses an address; the default scheme is <c>https</c>.</summary>
    /// <exception cref="MlflowException"><see cref="ErrorKind.InvalidValue"/> if credentials must not be sent to it.</exception>
    public static WorkspaceHost Parse(string text)
    {
        // Credentials are sent there, so plain http is allowed only for tests on this machine.
        if (!Uri.TryCreate(text.Contains("://") ? text : "https://" + text, UriKind.Absolute, out Uri? host)
            || !(host.Scheme == Uri.UriSchemeHttps || (host.Scheme == Uri.UriSchemeHttp && host.IsLoopback)) || host.Host.Length == 0)
        {
            throw new MlflowException(
                ErrorKind.InvalidValue,
                "The Databricks host (DATABRICKS_HOST or host in the profile) is not an https address. "
                + "Write it as https://adb-1234567890123456.7.azuredatabricks.net.")
            { Target = "DATABRICKS_HOST" };
        }

        return new WorkspaceHost(
            new Uri(host.GetComponents(UriComponents.SchemeAndServer, UriFormat.UriEscaped)),
            Query(host, Id, "w") ?? Query(host, Number, "o") ?? Query(host, Number, "workspace_id"),
            Query(host, Id, "a") ?? Query(host, Id, "account_id"));
    }

    private static string? Query(Uri host, Regex form, string name) =>
        host.Query.TrimStart('?').Split('&').Select(pair => pair.Split(['='], 2))
            .Where(pair => pair.Length == 2 && pair[0] == name).Select(pair => Uri.UnescapeDataString(pair[1]))
            .FirstOrDefault(value => form.IsMatch(value));
}
