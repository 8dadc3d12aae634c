namespace Anovos.Mlflow.Http;

/// <summary>When URLs that the tracking server signs are used in place of own credentials (<c>ANOVOS_MLFLOW_PRESIGNED</c>).</summary>
public enum PresignedUse
{
    /// <summary>Where there are no credentials of one's own for the bucket, or it refuses them.</summary>
    Auto,

    /// <summary>For every bucket that a run's artifacts are in.</summary>
    Always,

    /// <summary>Never, nor to reach the bucket behind a server.</summary>
    Never,
}
