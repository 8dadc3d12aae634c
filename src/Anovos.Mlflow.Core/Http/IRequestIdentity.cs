namespace Anovos.Mlflow.Http;

/// <summary>Who sends the requests to a server, where that is more than a fixed header.</summary>
internal interface IRequestIdentity
{
    /// <summary>Which method it is and where its settings come from. Holds no secret.</summary>
    string Description { get; }

    /// <summary>Gives a request its credentials; fetches them where there are none that hold.</summary>
    /// <exception cref="MlflowException"><see cref="ErrorKind.AuthenticationFailed"/> when none can be had.</exception>
    Task AuthenticateAsync(HttpRequestMessage request, CancellationToken cancellationToken);

    /// <summary>Forgets the credentials that a refused request carried; whether others can be had.</summary>
    bool Forget(HttpRequestMessage refused);

    /// <summary>Whether a 403 is about the credentials, and so a 401 to everyone else.</summary>
    bool RefusesCredentials(string body);

    /// <summary>What to do about a 401, or a 403 of an endpoint that only reads or also writes.</summary>
    string AdviceOn(int status, string endpoint, bool reads);
}
