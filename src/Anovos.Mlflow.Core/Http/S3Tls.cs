namespace Anovos.Mlflow.Http;

/// <summary>
/// How the certificates of stores that speak S3 are checked, with credentials of one's own and by URLs that a server signs.
/// </summary>
/// <param name="IsIgnored">Accepts any certificate (<c>MLFLOW_S3_IGNORE_TLS</c>).</param>
/// <param name="Authorities">A PEM file with the authorities to trust (<c>AWS_CA_BUNDLE</c>); null for the system's.</param>
internal sealed record S3Tls(bool IsIgnored, string? Authorities)
{
    /// <summary>The variable that names the authorities.</summary>
    public const string Variable = "AWS_CA_BUNDLE";

    /// <exception cref="MlflowException"><see cref="ErrorKind.InvalidValue"/> for a variable that cannot be read.</exception>
    public static S3Tls FromEnvironment(EnvironmentVariables variables) =>
        new(variables.Flag("MLFLOW_S3_IGNORE_TLS", defaultValue: false), variables.Setting(Variable));

    /// <summary>The warning that belongs to <see cref="IsIgnored"/>.</summary>
    /// <param name="store">The bucket or its host.</param>
    public static string Warning(string store) =>
        $"The certificate of {store} is not checked because MLFLOW_S3_IGNORE_TLS is set: anyone on the network path can read and change "
        + $"the data. Name the store's certificate authority in {Variable} instead.";

    /// <summary>The options with these certificates, and none of the tracking server's.</summary>
    public ConnectionOptions Apply(ConnectionOptions options) => options with
    {
        InsecureTls = IsIgnored,
        ServerCertificatePath = Authorities,
        ServerCertificateVariable = Variable,
        ClientCertificatePath = null,
    };
}
