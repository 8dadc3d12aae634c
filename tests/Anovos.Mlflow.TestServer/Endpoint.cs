namespace Anovos.Mlflow.TestServer;

/// <summary>An endpoint under <c>/api/2.0/mlflow/</c>: its methods, the rules for its fields, and its response.</summary>
internal sealed record Endpoint(string Methods, Func<Message, object> Answer, params FieldRule[] Rules)
{
    /// <summary>Whether <c>value</c> is a number in this request.</summary>
    public bool IsMetric { get; init; }

    /// <summary>Whether it changes an existing experiment or run, so that only its owner may call it.</summary>
    public bool Changes { get; init; } = Methods == "POST";

    public bool Takes(string method) =>
        Methods.Contains(method, StringComparison.Ordinal) || (method == "HEAD" && Methods.Contains("GET", StringComparison.Ordinal));

    /// <summary>The Allow header of a 405 response, as Flask writes it.</summary>
    public string Allow => string.Join(", ", Methods.Split('|').Select(method => method == "GET" ? "GET, HEAD" : method)) + ", OPTIONS";
}
