namespace Anovos.Mlflow.TestServer;

/// <summary>A request that reached the server, including faults.</summary>
public sealed class RecordedRequest
{
    /// <summary>The HTTP method.</summary>
    public required string Method { get; init; }

    /// <summary>The path and query as sent over the wire, with percent-encoding and prefix.</summary>
    public required string Path { get; init; }

    /// <summary>The headers. Repeated headers are joined with commas.</summary>
    public required IReadOnlyDictionary<string, string> Headers { get; init; }

    /// <summary>The bytes of the body, except for artifact uploads, which are in <see cref="TrackingServer.Artifacts"/>.</summary>
    public byte[] Body { get; internal set; } = [];

    /// <summary>The number of body bytes that the server read.</summary>
    public long BodyLength { get; internal set; }

    /// <summary>The status that the server chose to respond with; 0 if there was none.</summary>
    public int Status { get; internal set; }

    /// <summary>The body as text.</summary>
    public string BodyText => System.Text.Encoding.UTF8.GetString(Body);

    /// <inheritdoc/>
    public override string ToString() => $"{Method} {Path} → {Status}";
}
