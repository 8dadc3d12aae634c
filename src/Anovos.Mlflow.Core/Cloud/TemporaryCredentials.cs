namespace Anovos.Mlflow.Cloud;

/// <summary>Credentials that a service issues for a folder of a bucket, for a limited time.</summary>
internal abstract record TemporaryCredentials
{
    // So that a request that starts in time also ends in time.
    private static readonly TimeSpan Margin = TimeSpan.FromMinutes(1);

    /// <summary>When they expire; null if the service does not report it.</summary>
    public DateTimeOffset? ExpirationTime { get; init; }

    /// <summary>When to request new ones.</summary>
    public DateTimeOffset Expires => ExpirationTime is { } time ? time - Margin : DateTimeOffset.MaxValue;

    /// <summary>Masks their secrets in all text.</summary>
    public abstract void Hide(Redactor redactor);

    /// <inheritdoc/>
    public sealed override string ToString() => GetType().Name;
}

/// <summary>How S3 must encrypt objects: the algorithm, and the id of the key.</summary>
internal sealed record ServerEncryption(string Algorithm, string? KeyId);

/// <summary>Keys of S3 or a compatible store, with a session token.</summary>
internal sealed record TemporaryKeys(string AccessKeyId, string SecretAccessKey, string SessionToken, ServerEncryption? Encryption)
    : TemporaryCredentials
{
    public override void Hide(Redactor redactor) => redactor.Add(AccessKeyId, SecretAccessKey, SessionToken);
}

/// <summary>A shared access signature of Azure.</summary>
internal sealed record TemporarySignature(string SasToken) : TemporaryCredentials
{
    public override void Hide(Redactor redactor)
    {
        redactor.Add(SasToken);
        redactor.Add(Secrets.PartsOf(SasToken));
    }
}

/// <summary>An OAuth token of Google.</summary>
internal sealed record TemporaryToken(string AccessToken) : TemporaryCredentials
{
    public override void Hide(Redactor redactor) => redactor.Add(AccessToken);
}
