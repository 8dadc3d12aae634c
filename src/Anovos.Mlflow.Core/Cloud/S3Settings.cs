using System.Text.Json;
using Amazon.Runtime;
using Amazon.Runtime.CredentialManagement;
using Anovos.Mlflow.Http;

namespace Anovos.Mlflow.Cloud;

/// <summary>The settings of S3 from the environment, with the names that MLflow and the AWS tools use.</summary>
internal sealed record S3Settings
{
    private static readonly string[] Known = ["ServerSideEncryption", "SSEKMSKeyId", "StorageClass", "ACL", "ContentType"];

    /// <summary>An endpoint other than Amazon's (<c>MLFLOW_S3_ENDPOINT_URL</c>, <c>AWS_ENDPOINT_URL_S3</c>, <c>AWS_ENDPOINT_URL</c>).</summary>
    public string? Endpoint { get; init; }

    /// <summary>The region (<c>AWS_DEFAULT_REGION</c>, <c>AWS_REGION</c>); null if the environment does not set it.</summary>
    public string? Region { get; init; }

    /// <summary>The keys from the environment (<c>AWS_ACCESS_KEY_ID</c>, <c>AWS_SECRET_ACCESS_KEY</c>, <c>AWS_SESSION_TOKEN</c>); with null, the SDK looks elsewhere.</summary>
    public AWSCredentials? Credentials { get; init; }

    /// <summary>Whether addresses have the bucket in the path: as <c>MLFLOW_BOTO_CLIENT_ADDRESSING_STYLE</c> says, or by default for other endpoints.</summary>
    public bool PathStyle { get; init; }

    /// <summary>How certificates are checked.</summary>
    public S3Tls Tls { get; init; } = new(IsIgnored: false, Authorities: null);

    /// <summary>The account that must own the bucket (<c>MLFLOW_S3_EXPECTED_BUCKET_OWNER</c>).</summary>
    public string? ExpectedOwner { get; init; }

    /// <summary>Extra arguments for every object (<c>MLFLOW_S3_UPLOAD_EXTRA_ARGS</c>).</summary>
    public IReadOnlyDictionary<string, string> Extra { get; init; } = new Dictionary<string, string>();

    /// <exception cref="MlflowException"><see cref="ErrorKind.InvalidValue"/> for a variable that cannot be read.</exception>
    public static S3Settings FromEnvironment(EnvironmentVariables variables)
    {
        string? endpoint = variables.Setting("MLFLOW_S3_ENDPOINT_URL")
            ?? variables.Setting("AWS_ENDPOINT_URL_S3")
            ?? variables.Setting("AWS_ENDPOINT_URL");
        if (endpoint is not null && !(Uri.TryCreate(endpoint, UriKind.Absolute, out Uri? uri) && uri.Scheme is "http" or "https"))
            throw Invalid("MLFLOW_S3_ENDPOINT_URL", "is not an address. Expected http://host:port or https://host. Correct or unset it");
        return new S3Settings
        {
            Endpoint = endpoint,
            Region = variables.Setting("AWS_DEFAULT_REGION") ?? variables.Setting("AWS_REGION"),
            Credentials = ReadCredentials(
                variables.Setting("AWS_ACCESS_KEY_ID"), variables.Setting("AWS_SECRET_ACCESS_KEY"), variables.Setting("AWS_SESSION_TOKEN")),
            PathStyle = variables.Text("MLFLOW_BOTO_CLIENT_ADDRESSING_STYLE") switch
            {
                null or "auto" => endpoint is not null,
                "path" => true,
                "virtual" => false,
                _ => throw Invalid("MLFLOW_BOTO_CLIENT_ADDRESSING_STYLE", "is not auto, path or virtual. Correct or unset it"),
            },
            Tls = S3Tls.FromEnvironment(variables),
            ExpectedOwner = variables.Text("MLFLOW_S3_EXPECTED_BUCKET_OWNER"),
            Extra = ReadExtra(variables.Text("MLFLOW_S3_UPLOAD_EXTRA_ARGS")),
        };
    }

    /// <summary>Whether the environment or the default profile provides credentials.</summary>
    public bool HasCredentials => Credentials is not null || new CredentialProfileStoreChain().TryGetAWSCredentials("default", out _);

    /// <inheritdoc/>
    public override string ToString() => Endpoint ?? "S3";

    /// <summary>Returns one of the extra arguments; null if it is not set.</summary>
    public string? ExtraOf(string name) => Extra.TryGetValue(name, out string? value) ? value : null;

    private static AWSCredentials? ReadCredentials(string? id, string? secret, string? token) =>
        id is null || secret is null ? null : token is null ? new BasicAWSCredentials(id, secret) : new SessionAWSCredentials(id, secret, token);

    private static IReadOnlyDictionary<string, string> ReadExtra(string? json)
    {
        if (json is null)
            return new Dictionary<string, string>();
        try
        {
            Dictionary<string, string> extra = JsonSerializer.Deserialize<Dictionary<string, string>>(json) ?? [];
            return extra.Keys.Except(Known).FirstOrDefault() is { } other
                ? throw Invalid("MLFLOW_S3_UPLOAD_EXTRA_ARGS", $"contains {other}, but this version supports only {string.Join(", ", Known)}. Remove it, or set it on the bucket")
                : extra;
        }
        catch (JsonException e)
        {
            throw Invalid("MLFLOW_S3_UPLOAD_EXTRA_ARGS", "is not a JSON object with string values, such as {\"ServerSideEncryption\": \"aws:kms\"}. Correct or unset it", e);
        }
    }

    private static MlflowException Invalid(string variable, string what, Exception? cause = null) =>
        new(ErrorKind.InvalidValue, $"The environment variable {variable} {what}.", cause) { Target = variable };
}
