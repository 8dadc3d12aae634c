namespace Anovos.Mlflow.Http;

/// <summary>When the tracking server's presigned URLs are used instead of own credentials (<c>ANOVOS_MLFLOW_PRESIGNED</c>).</summary>
public enum PresignedUse
{
    /// <summary>If the user has no credentials for the bucket, or the bucket rejects them.</summary>
    Auto,

    /// <summary>For every bucket that contains a run's artifacts.</summary>
    Always,

    /// <summary>Never, not even for the bucket behind a server.</summary>
    Never,
}
