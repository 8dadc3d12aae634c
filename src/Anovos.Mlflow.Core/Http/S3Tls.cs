namespace Anovos.Mlflow.Http;

/// <summary>
/// How the certificates of S3 and S3-compatible stores are checked, both with the user's own credentials and with presigned URLs.
/// </summary>
/// <param name="IsIgnored">Accepts any certificate (<c>MLFLOW_S3_IGNORE_TLS</c>).</param>
/// <param name="Authorities">A PEM file with the authorities to trust (<c>AWS_CA_BUNDLE</c>); null for the system's.</param>
internal sealed record S3Tls(bool IsIgnored, string? Authorities)
{
    /// <summary>The variable that names the authorities.</summary>
    public const string Variable = "AWS_CA_BUNDLE";

    /// <exception cref="MlflowException"><see cref="ErrorKind.InvalidValue"/> for an invalid variable.</exception>
    public static S3Tls FromEnvironment(EnvironmentVariables variables) =>
        new(variables.Flag("MLFLOW_S3_IGNORE_TLS", defaultValue: false), variables.Setting(Variable));

    /// <summary>The warning for <see cref="IsIgnored"/>.</summary>
    /// <param name="store">The bucket or its host.</param>
    public static string Warning(string store) =>
        $"The certificate of {store} is not checked because MLFLOW_S3_IGNORE_TLS is set: anyone on the network path can read and change "
        + $"the data. Name the store's certificate authority in {Variable} instead.";

    /// <summary>Returns the options with these certificates instead of the tracking server's.</summary>
    public ConnectionOptions Apply(ConnectionOptions options) => options with
    {
        InsecureTls = IsIgnored,
        ServerCertificatePath = Authorities,
        ServerCertificateVariable = Variable,
        ClientCertificatePath = null,
    };
}
