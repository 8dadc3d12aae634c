namespace Anovos.Mlflow.TestServer;

/// <summary>Which release of MLflow the server answers like, the oldest first.</summary>
public enum MlflowVersion
{
    /// <summary>MLflow 2.17, Flask under gunicorn.</summary>
    V2_17,

    /// <summary>MLflow 3.11, with FastAPI in front, which loses the body of a chunked request.</summary>
    V3_11,

    /// <summary>MLflow 3.17, where FastAPI serves artifacts itself and only the rest goes to Flask.</summary>
    V3_17,
}

/// <summary>Where the artifacts of new experiments go.</summary>
public enum ArtifactRootKind
{
    /// <summary><c>mlflow-artifacts:/</c>: through the server.</summary>
    Proxied,

    /// <summary><c>file:</c>: a folder that the client writes to itself, <see cref="TrackingServer.ArtifactFolder"/>.</summary>
    File,

    /// <summary>A bucket, at <see cref="TrackingServerOptions.BucketAddress"/>; the server passes nothing on.</summary>
    Bucket,
}

/// <summary>How a <see cref="TrackingServer"/> behaves; without any option: 3.11, open to everyone, over plain HTTP.</summary>
public sealed record TrackingServerOptions
{
    /// <summary>The release to answer like.</summary>
    public MlflowVersion Version { get; init; } = MlflowVersion.V3_11;

    /// <summary>A path before every endpoint, as a reverse proxy adds it: <c>/mlflow</c>.</summary>
    public string PathPrefix { get; init; } = "";

    /// <summary>Turns on MLflow's basic-auth app; this user is its administrator.</summary>
    public string? Username { get; init; }

    /// <summary>The administrator's password.</summary>
    public string Password { get; init; } = "";

    /// <summary>A second user of the basic-auth app, who reads what others made and writes only what is their own.</summary>
    public string? ReaderUsername { get; init; }

    /// <summary>The reader's password.</summary>
    public string ReaderPassword { get; init; } = "";

    /// <summary>Asks for this bearer token.</summary>
    public string? Token { get; init; }

    /// <summary>Makes the server a Databricks workspace.</summary>
    public WorkspaceOptions? Workspace { get; init; }

    /// <summary>Speaks https with <see cref="TrackingServer.Certificate"/>.</summary>
    public bool UseTls { get; init; }

    /// <summary>Has a certificate of an authority that a root vouches for, and sends that authority's along; needs <see
    /// cref="UseTls"/>.</summary>
    public bool HasIntermediateAuthority { get; init; }

    /// <summary>Refuses a connection without <see cref="TrackingServer.ClientCertificate"/>; needs <see cref="UseTls"/>.</summary>
    public bool RequireClientCertificate { get; init; }

    /// <summary>Where the artifacts of new experiments go.</summary>
    public ArtifactRootKind ArtifactRoot { get; init; }

    /// <summary>Has a bucket behind it, which takes large artifacts in parts; else it answers 501 to that.</summary>
    public bool HasBucket { get; init; }

    /// <summary>
    /// The S3 that presigned URLs lead to, as the clients reach it, with the bucket <c>artifacts</c>. Without it, the URLs of a server
    /// with <see cref="HasBucket"/> lead to the server itself.
    /// </summary>
    public Uri? BucketAddress { get; init; }

    /// <summary>How the artifact roots of <see cref="ArtifactRootKind.Bucket"/> begin: the server signs URLs of them all.</summary>
    public string BucketScheme { get; init; } = "s3";

    /// <summary>Has workspaces, as the server says of itself; 3.11 and later.</summary>
    public bool HasWorkspaces { get; init; }

    /// <summary>Keeps a point that it has already once more, as a server over a directory does; one over a database drops it.</summary>
    public bool KeepsRepeatedPoints { get; init; }

    /// <summary>Gives the next run its id: 32 hex digits. Ids order runs that started at the same time.</summary>
    public Func<string> NewRunId { get; init; } = () => Guid.NewGuid().ToString("N");
}
