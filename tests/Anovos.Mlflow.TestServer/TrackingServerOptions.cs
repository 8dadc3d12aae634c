namespace Anovos.Mlflow.TestServer;

/// <summary>The MLflow release that the server emulates, oldest first.</summary>
public enum MlflowVersion
{
    /// <summary>MLflow 2.17, Flask under gunicorn.</summary>
    V2_17,

    /// <summary>MLflow 3.11, with FastAPI in front, which loses the body of a chunked request.</summary>
    V3_11,

    /// <summary>MLflow 3.17, where FastAPI serves artifacts itself and only the rest goes to Flask.</summary>
    V3_17,
}

/// <summary>The location of the artifacts of new experiments.</summary>
public enum ArtifactRootKind
{
    /// <summary><c>mlflow-artifacts:/</c>: through the server.</summary>
    Proxied,

    /// <summary><c>file:</c>: a folder that the client writes to itself, <see cref="TrackingServer.ArtifactFolder"/>.</summary>
    File,

    /// <summary>A bucket at <see cref="TrackingServerOptions.BucketAddress"/>. The server does not proxy it.</summary>
    Bucket,
}

/// <summary>The options of a <see cref="TrackingServer"/>. By default it is 3.11, open to everyone, over plain HTTP.</summary>
public sealed record TrackingServerOptions
{
    /// <summary>The release to emulate.</summary>
    public MlflowVersion Version { get; init; } = MlflowVersion.V3_11;

    /// <summary>A path before every endpoint, as added by a reverse proxy: <c>/mlflow</c>.</summary>
    public string PathPrefix { get; init; } = "";

    /// <summary>Turns on MLflow's basic-auth app; this user is its administrator.</summary>
    public string? Username { get; init; }

    /// <summary>The administrator's password.</summary>
    public string Password { get; init; } = "";

    /// <summary>A second user of the basic-auth app, who can read everything and write only their own experiments.</summary>
    public string? ReaderUsername { get; init; }

    /// <summary>The reader's password.</summary>
    public string ReaderPassword { get; init; } = "";

    /// <summary>Requires this bearer token.</summary>
    public string? Token { get; init; }

    /// <summary>Makes the server a Databricks workspace.</summary>
    public WorkspaceOptions? Workspace { get; init; }

    /// <summary>Speaks https with <see cref="TrackingServer.Certificate"/>.</summary>
    public bool UseTls { get; init; }

    /// <summary>
    /// Uses a certificate of an intermediate authority, and sends that authority's certificate too. Needs <see cref="UseTls"/>.
    /// </summary>
    public bool HasIntermediateAuthority { get; init; }

    /// <summary>Refuses a connection without <see cref="TrackingServer.ClientCertificate"/>. Needs <see cref="UseTls"/>.</summary>
    public bool RequireClientCertificate { get; init; }

    /// <summary>The location of the artifacts of new experiments.</summary>
    public ArtifactRootKind ArtifactRoot { get; init; }

    /// <summary>
    /// Uses a bucket, which accepts large artifacts in parts. Otherwise the server responds to multipart uploads with 501.
    /// </summary>
    public bool HasBucket { get; init; }

    /// <summary>
    /// The S3 address in presigned URLs, as clients reach it, with the bucket <c>artifacts</c>. Without it, the URLs of a server with <see
    /// cref="HasBucket"/> lead to the server itself.
    /// </summary>
    public Uri? BucketAddress { get; init; }

    /// <summary>The scheme of the artifact roots of <see cref="ArtifactRootKind.Bucket"/>. The server signs URLs for all of them.</summary>
    public string BucketScheme { get; init; } = "s3";

    /// <summary>Reports that it has workspaces; 3.11 and later.</summary>
    public bool HasWorkspaces { get; init; }

    /// <summary>Stores a repeated point again, as a server over a directory does. A server over a database drops it.</summary>
    public bool KeepsRepeatedPoints { get; init; }

    /// <summary>Returns the id of the next run: 32 hex digits. Ids order runs that started at the same time.</summary>
    public Func<string> NewRunId { get; init; } = () => Guid.NewGuid().ToString("N");
}
