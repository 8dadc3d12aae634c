namespace Anovos.Mlflow;

/// <summary>The kind of a failure. Scripts distinguish failures by it, never by the message.</summary>
public enum ErrorKind
{
    /// <summary>A workflow file does not exist or cannot be read.</summary>
    ConfigNotFound,

    /// <summary>A workflow file contains an error.</summary>
    ConfigInvalid,

    /// <summary>The tracking URI or the artifact root has a form that this client does not support.</summary>
    UriUnsupported,

    /// <summary>The server could not be reached: name resolution, connection refused, timeout or TLS.</summary>
    TrackingServerUnreachable,

    /// <summary>The response is not from an MLflow server, or MLflow is not at this path.</summary>
    NotAnMlflowServer,

    /// <summary>401: the credentials are missing or wrong.</summary>
    AuthenticationFailed,

    /// <summary>403: the caller is authenticated but not permitted.</summary>
    PermissionDenied,

    /// <summary>There is no experiment with that name or id.</summary>
    ExperimentNotFound,

    /// <summary>The experiment is in the trash, where its name stays in use.</summary>
    ExperimentDeleted,

    /// <summary>An experiment with that name already exists.</summary>
    ExperimentExists,

    /// <summary>There is no run with that id.</summary>
    RunNotFound,

    /// <summary>The run is in the trash.</summary>
    RunDeleted,

    /// <summary>The object to restore is not in the trash.</summary>
    NotDeleted,

    /// <summary>The run has no metric with that name.</summary>
    MetricNotFound,

    /// <summary>There is no registered or logged model with that name or id.</summary>
    ModelNotFound,

    /// <summary>The registered model has no such version, alias or stage.</summary>
    ModelVersionNotFound,

    /// <summary>A registered model with that name already exists.</summary>
    ModelExists,

    /// <summary>A model's <c>MLmodel</c> file cannot be read.</summary>
    ModelInvalid,

    /// <summary>The type of the store, or the version of the server, does not support the request.</summary>
    NotSupported,

    /// <summary>A command needs a run, but there is none.</summary>
    NoActiveRun,

    /// <summary>The param already exists with another value; params cannot change.</summary>
    ParameterConflict,

    /// <summary>MLflow does not accept a key, a value or a filter.</summary>
    InvalidValue,

    /// <summary>An artifact path is absolute, leaves its root or contains something that a server rejects.</summary>
    ArtifactPathInvalid,

    /// <summary>There is no artifact at that path.</summary>
    ArtifactNotFound,

    /// <summary>The bucket or container of an artifact root, or of an output, does not exist.</summary>
    BucketNotFound,

    /// <summary>An artifact could not be uploaded.</summary>
    ArtifactSendFailed,

    /// <summary>An artifact could not be downloaded.</summary>
    ArtifactReceiveFailed,

    /// <summary>An artifact could not be removed, or its store does not support removal.</summary>
    ArtifactRemovalFailed,

    /// <summary>A directory store contains something that cannot be read.</summary>
    StoreInvalid,

    /// <summary>A workflow's program does not exist or cannot be started.</summary>
    CommandNotFound,

    /// <summary>A workflow ended with a nonzero exit code, or timed out.</summary>
    WorkflowFailed,

    /// <summary>A run breaks a rule of a gate.</summary>
    GateFailed,

    /// <summary>A workflow ran, but not everything could be reported.</summary>
    ReportingFailed,

    /// <summary>The server failed, or refused for another reason.</summary>
    ServerError,
}

/// <summary>A failure of a known kind: what happened, to what, and what to do about it. Contains no secret.</summary>
public sealed class MlflowException : Exception
{
    /// <summary>
    /// Creates a failure of the given <paramref name="kind"/>. The message says what happened, to what, and what to do. It is shown in
    /// terminals and build logs, so it is passed through <see cref="SafeText"/>.
    /// </summary>
    public MlflowException(ErrorKind kind, string message, Exception? innerException = null)
        : base(SafeText.Of(message), innerException) => Kind = kind;

    /// <summary>The kind of failure.</summary>
    public ErrorKind Kind { get; }

    /// <summary>The object that failed: a file, a URI, a run id, a key.</summary>
    public string? Target { get; init; }

    /// <summary>The server's error code, such as <c>RESOURCE_DOES_NOT_EXIST</c>; null if it sent none.</summary>
    public string? ErrorCode { get; init; }

    /// <summary>The HTTP status of the response; null if there was no response.</summary>
    public int? StatusCode { get; init; }

    /// <summary>Whether the error is transient, so that the same request may succeed later.</summary>
    public bool IsTransient { get; init; }

    /// <summary>How long the server asks clients to wait before the next request; null if it does not ask.</summary>
    public TimeSpan? RetryAfter { get; init; }

    /// <summary>The id that the server or a proxy assigned to the request, to find it in their logs.</summary>
    public string? RequestId { get; init; }

    /// <summary>Returns the same failure without the secrets that a redactor knows.</summary>
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

    /// <summary>Returns the same failure with another message. All other properties are kept.</summary>
    /// <param name="message">The new message.</param>
    /// <param name="kind">Another kind; null keeps the current one.</param>
    /// <param name="target">Another target; null keeps the current one.</param>
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
