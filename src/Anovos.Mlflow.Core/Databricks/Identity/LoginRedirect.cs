namespace Anovos.Mlflow.Databricks;

/// <summary>The result of a sign-in in the browser, from the query of the redirect (RFC 6749, 4.1.2).</summary>
/// <param name="Code">The code to exchange for tokens; null if the sign-in was refused.</param>
/// <param name="Error">The reason for a refusal: <c>access_denied</c>.</param>
/// <param name="Description">The reason as text.</param>
internal sealed record LoginRedirect(string? Code, string? Error, string? Description)
{
    /// <summary>Reads the first line of an HTTP request.</summary>
    /// <param name="requestLine">The line: <c>GET /?code=1&amp;state=2 HTTP/1.1</c>.</param>
    /// <param name="state">The state that it must contain.</param>
    /// <param name="redirect">The result.</param>
    /// <param name="refusal">The status for refusing the request: any program or web page on this machine can send one.</param>
    public static bool TryRead(string requestLine, string state, out LoginRedirect? redirect, out int refusal)
    {
        redirect = null;
        string[] parts = requestLine.Split(' ');
        string[] target = (parts.Length == 3 ? parts[1] : "").Split(['?'], 2);
        refusal = parts.Length != 3 || !parts[2].StartsWith("HTTP/1.", StringComparison.Ordinal) ? 400
            : parts[0] != "GET" ? 405
            : target[0] != "/" ? 404
            : 0;
        if (refusal != 0)
            return false;

        refusal = 400;
        if (ReadQuery(target.Length == 2 ? target[1] : "") is not { } query || Value("state") != state)
            return false;
        redirect = new LoginRedirect(Value("code"), Value("error"), Value("error_description"));
        return redirect.Code is null != redirect.Error is null;

        string? Value(string name) => query.TryGetValue(name, out string? value) && value.Length > 0 ? value : null;
    }

    /// <inheritdoc/>
    public override string ToString() => Error ?? "a code";

    // Null if a name occurs twice, which the protocol forbids.
    private static Dictionary<string, string>? ReadQuery(string query)
    {
        var values = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (string pair in query.Split(['&'], StringSplitOptions.RemoveEmptyEntries))
        {
            string[] parts = pair.Split(['='], 2);
            string name = Decode(parts[0]);
            if (values.ContainsKey(name))
                return null;
            values[name] = parts.Length == 2 ? Decode(parts[1]) : "";
        }

        return values;

        static string Decode(string text) => Uri.UnescapeDataString(text.Replace('+', ' '));
    }
}
