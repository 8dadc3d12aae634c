namespace Anovos.Mlflow;

/// <summary>What went wrong, by kind: a script tells failures apart by it, never by a message.</summary>
public enum ErrorKind
{
    /// <summary>A workflow file is not there or cannot be read.</summary>
    ConfigNotFound,

    /// <summary>A workflow file is there, and something in it is wrong.</summary>
    ConfigInvalid,

    /// <summary>The tracking URI or the artifact root has a form that this client does not speak.</summary>
    UriUnsupported,

    /// <summary>No connection: name resolution, refused, timed out, TLS.</summary>
    TrackingServerUnreachable,

    /// <summary>Something answered that is no MLflow server, or not at this path.</summary>
    NotAnMlflowServer,

    /// <summary>401: no credentials, or wrong ones.</summary>
    AuthenticationFailed,

    /// <summary>403: known, but not allowed.</summary>
    PermissionDenied,

    /// <summary>No experiment of that name or id.</summary>
    ExperimentNotFound,

    /// <summary>The experiment is in the trash, where its name stays taken.</summary>
    ExperimentDeleted,

    /// <summary>An experiment of that name already exists.</summary>
    ExperimentExists,

    /// <summary>No run of that id.</summary>
    RunNotFound,

    /// <summary>The run is in the trash.</summary>
    RunDeleted,

    /// <summary>What is to be restored is not in the trash.</summary>
    NotDeleted,

    /// <summary>The run has no metric of that name.</summary>
    MetricNotFound,

    /// <summary>No registered or logged model of that name or id.</summary>
    ModelNotFound,

    /// <summary>The registered model has no such version, alias or stage.</summary>
    ModelVersionNotFound,

    /// <summary>A registered model of that name already exists.</summary>
    ModelExists,

    /// <summary>A model's <c>MLmodel</c> file cannot be read.</summary>
    ModelInvalid,

    /// <summary>The store is of a kind, or the server of a version, that has not what is asked of it.</summary>
    NotSupported,

    /// <summary>A command that needs a run found none.</summary>
    NoActiveRun,

    /// <summary>The param is there with another value; params cannot change.</summary>
    ParameterConflict,

    /// <summary>A key, a value or a filter that MLflow does not take.</summary>
    InvalidValue,

    /// <summary>An artifact path that is absolute, climbs out of its root or holds what a server refuses.</summary>
    ArtifactPathInvalid,

    /// <summary>No artifact at that path.</summary>
    ArtifactNotFound,

    /// <summary>The bucket or container of an artifact root, or of an output, is not there.</summary>
    BucketNotFound,

    /// <summary>An artifact did not reach its store.</summary>
    ArtifactSendFailed,

    /// <summary>An artifact did not reach this machine.</summary>
    ArtifactReceiveFailed,

    /// <summary>An artifact could not be removed, or its store removes none.</summary>
    ArtifactRemovalFailed,

    /// <summary>A directory store holds something that cannot be read.</summary>
    StoreInvalid,

    /// <summary>A workflow's program is not there or cannot be started.</summary>
    CommandNotFound,

    /// <summary>A workflow ended with another exit code than 0, or ran out of its time.</summary>
    WorkflowFailed,

    /// <summary>A run breaks a rule of a gate.</summary>
    GateFailed,

    /// <summary>A workflow ran, and not all of it could be reported.</summary>
    ReportingFailed,

    /// <summary>The server failed, or refused for a reason of its own.</summary>
    ServerError,
}

/// <summary>A failure with a name: what happened, to what, and what to do about it. Holds no secret.</summary>
public sealed class MlflowException : Exception
{
    /// <summary>
    /// Makes the failure <paramref name="kind"/>; the message says what happened, to what, and what to do. It goes to
    /// terminals and build logs, so <see cref="SafeText"/> is made of it.
    /// </summary>
    public MlflowException(ErrorKind kind, string message, Exception? innerException = null)
        : base(SafeText.Of(message), innerException) => Kind = kind;

    /// <summary>What went wrong.</summary>
    public ErrorKind Kind { get; }

    /// <summary>What it happened to: a file, a URI, a run id, a key.</summary>
    public string? Target { get; init; }

    /// <summary>The server's own error code, as <c>RESOURCE_DOES_NOT_EXIST</c>; null when it gave none.</summary>
    public string? ErrorCode { get; init; }

    /// <summary>The HTTP status of the answer; null when there was none.</summary>
    public int? StatusCode { get; init; }

    /// <summary>Whether the cause may pass, so that the same request may work later.</summary>
    public bool IsTransient { get; init; }

    /// <summary>How long the server asks to wait before the next request; null when it does not.</summary>
    public TimeSpan? RetryAfter { get; init; }

    /// <summary>The id that the server or a proxy gave the request, to find it in their logs.</summary>
    public string? RequestId { get; init; }

    /// <summary>The same failure without the secrets that a redactor knows.</summary>
    internal MlflowException Redact(Redactor redactor) => new(
        Kind, redactor.Clean(Message), InnerException is null ? null : redactor.Clean(InnerException))
    {
        Target = Target is null ? null : redactor.Clean(Target),
        ErrorCode = ErrorCode is null ? null : redactor.Clean(ErrorCode),
        StatusCode = StatusCode,
        IsTransient = IsTransient,
        RetryAfter = RetryAfter,
        RequestId = RequestId is null ? null : redactor.Clean(RequestId),
    };

    /// <summary>The same failure in other words. It keeps everything that this one knows.</summary>
    /// <param name="message">The new message.</param>
    /// <param name="kind">Another kind; null keeps this one's.</param>
    /// <param name="target">Another target; null keeps this one's.</param>
    internal MlflowException Rewrap(string message, ErrorKind? kind = null, string? target = null) => new(kind ?? Kind, message, this)
    {
        Target = target ?? Target,
        ErrorCode = ErrorCode,
        StatusCode = StatusCode,
        IsTransient = IsTransient,
        RetryAfter = RetryAfter,
        RequestId = RequestId,
    };
}
