namespace Anovos.Mlflow.Http;

/// <summary>Authenticates requests when a static header is not enough.</summary>
internal interface IRequestIdentity
{
    /// <summary>The name of the method: <c>oauth-m2m</c>.</summary>
    string Method { get; }

    /// <summary>The reason why each other method is not used, in the order in which they are tried.</summary>
    IReadOnlyList<string> NotUsed { get; }

    /// <summary>The method and where its settings come from. Contains no secret.</summary>
    string Description { get; }

    /// <summary>Gives a request its credentials; fetches them where there are none that hold.</summary>
    /// <exception cref="MlflowException"><see cref="ErrorKind.AuthenticationFailed"/> when none can be had.</exception>
    Task AuthenticateAsync(HttpRequestMessage request, CancellationToken cancellationToken);

    /// <summary>Forgets the credentials that a refused request carried; whether others can be had.</summary>
    bool Forget(HttpRequestMessage refused);

    /// <summary>What to do about a 401, or a 403 of an endpoint that only reads or also writes.</summary>
    string AdviceOn(int status, string endpoint, bool reads);
}
