namespace Anovos.Mlflow.TestServer;

/// <summary>A request that reached the server, faults included.</summary>
public sealed class RecordedRequest
{
    /// <summary>The HTTP method.</summary>
    public required string Method { get; init; }

    /// <summary>The path and query as they came over the wire, percent-encoding and prefix included.</summary>
    public required string Path { get; init; }

    /// <summary>The headers; those sent more than once are joined with commas.</summary>
    public required IReadOnlyDictionary<string, string> Headers { get; init; }

    /// <summary>The bytes of the body, except of an artifact upload: <see cref="TrackingServer.Artifacts"/> has those.</summary>
    public byte[] Body { get; internal set; } = [];

    /// <summary>How many bytes of body the server read.</summary>
    public long BodyLength { get; internal set; }

    /// <summary>The status that the server meant to answer with; 0 when it came to none.</summary>
    public int Status { get; internal set; }

    /// <summary>The body as text.</summary>
    public string BodyText => System.Text.Encoding.UTF8.GetString(Body);

    /// <inheritdoc/>
    public override string ToString() => $"{Method} {Path} → {Status}";
}
