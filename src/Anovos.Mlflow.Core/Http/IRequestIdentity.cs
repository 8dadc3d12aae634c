namespace Anovos.Mlflow.Http;

/// <summary>Authenticates requests when a static header is not enough.</summary>
internal interface IRequestIdentity
{
    /// <summary>The name of the method: <c>oauth-m2m</c>.</summary>
    string Method { get; }

    /// <summary>The reason why each other method is not used, in the order in which the methods are tried.</summary>
    IReadOnlyList<string> NotUsed { get; }

    /// <summary>The method and where its settings come from. Contains no secret.</summary>
    string Description { get; }

    /// <summary>Adds credentials to a request; fetches them if there are no valid ones.</summary>
    /// <exception cref="MlflowException"><see cref="ErrorKind.AuthenticationFailed"/> if none are available.</exception>
    Task AuthenticateAsync(HttpRequestMessage request, CancellationToken cancellationToken);

    /// <summary>Forgets the credentials of a rejected request; returns true if others are available.</summary>
    bool Forget(HttpRequestMessage refused);

    /// <summary>What to do about a refusal: which credentials to renew, which permission to ask for.</summary>
    string AdviceOn(Refusal refusal);
}

/// <summary>A refusal of the server that concerns the caller: 401 or 403.</summary>
/// <param name="Status">The effective HTTP status.</param>
/// <param name="Code">The server's error code, if it is text.</param>
/// <param name="Message">The server's message; empty if there is none.</param>
/// <param name="Request">The request.</param>
internal sealed record Refusal(int Status, string? Code, string Message, RefusedRequest Request);

/// <summary>A request that was refused.</summary>
/// <param name="Endpoint">The path.</param>
/// <param name="Reads">True if it changes nothing.</param>
internal sealed record RefusedRequest(string Endpoint, bool Reads);
