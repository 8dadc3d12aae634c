namespace Anovos.Mlflow.Http;

/// <summary>How to reach a tracking server, and with which credentials. <see cref="ToString"/> shows no secret.</summary>
public sealed record ConnectionOptions
{
    private readonly Redactor _redactor = new();

    /// <summary>The user of basic authentication.</summary>
    public string? Username { get; init; }

    /// <summary>The password of basic authentication.</summary>
    public string? Password { get; init; }

    /// <summary>The bearer token; used unless both user and password are set.</summary>
    public string? Token { get; init; }

    /// <summary>The source of the credentials, for display: <c>-Credential</c>, an environment variable, a file.</summary>
    public string? CredentialSource { get; init; }

    /// <summary>Whether the caller gave the credentials for this connection. Credentials from other sources never replace them.</summary>
    public bool CredentialsAreExplicit { get; init; }

    /// <summary>Accepts any certificate. For a test server only.</summary>
    public bool InsecureTls { get; init; }

    /// <summary>A PEM file with the authorities to trust instead of the system's.</summary>
    public string? ServerCertificatePath { get; init; }

    /// <summary>The environment variable that names <see cref="ServerCertificatePath"/>, for errors.</summary>
    internal string ServerCertificateVariable { get; init; } = "MLFLOW_TRACKING_SERVER_CERT_PATH";

    /// <summary>The client certificate: PEM with its private key, or PFX.</summary>
    public string? ClientCertificatePath { get; init; }

    /// <summary>The timeout of a request; for a file transfer, the maximum time without progress.</summary>
    public TimeSpan RequestTimeout { get; init; } = TimeSpan.FromSeconds(120);

    /// <summary>The timeout for one file, including retries (<c>MLFLOW_ARTIFACT_UPLOAD_DOWNLOAD_TIMEOUT</c>); null for no limit.</summary>
    public TimeSpan? TransferTimeout { get; init; }

    /// <summary>How often failed requests are retried.</summary>
    public RetryPolicy Retry { get; init; } = new();

    /// <summary>When and how large files are uploaded in parts.</summary>
    public MultipartOptions Multipart { get; init; } = new();

    /// <summary>When presigned URLs from the server are used for a bucket.</summary>
    public PresignedUse Presigned { get; init; }

    /// <summary>Whether redirects within the same host are followed.</summary>
    public bool FollowRedirects { get; init; } = true;

    /// <summary>The MLflow 3 workspace that the requests are for.</summary>
    public string? Workspace { get; init; }

    /// <summary>The proxy for <c>http</c> servers, except the hosts in <see cref="NoProxy"/>.</summary>
    public string? HttpProxy { get; init; }

    /// <summary>As <see cref="HttpProxy"/>, for <c>https</c> servers.</summary>
    public string? HttpsProxy { get; init; }

    /// <summary>Hosts that are reached without a proxy, separated by commas as in <c>NO_PROXY</c>.</summary>
    public string? NoProxy { get; init; }

    /// <summary>The address of the Databricks workspace; null if the store is not one.</summary>
    public Uri? DatabricksHost { get; init; }

    /// <summary>
    /// How requests are authenticated: <c>Basic</c>, <c>Bearer</c>, <c>None</c>, or for a Databricks workspace the name of the
    /// method, such as <c>oauth-m2m</c>.
    /// </summary>
    public string Authentication => Identity?.Method ?? OwnAuthentication;

    /// <summary>
    /// Masks the secrets of these options in text from other sources. Options derived from these share it, and so do all
    /// connections of a session.
    /// </summary>
    public Redactor Redactor
    {
        get
        {
            _redactor.Add(Token);
            _redactor.AddBasic(Username, Password);
            _redactor.AddUri(HttpProxy, hasPath: false);
            _redactor.AddUri(HttpsProxy, hasPath: false);
            return _redactor;
        }
        init => _redactor = value;
    }

    /// <summary>Authenticates each request instead of the credentials here. All clients of a connection share it and its tokens.</summary>
    internal IRequestIdentity? Identity { get; init; }

    private string OwnAuthentication => Username is not null && Password is not null ? "Basic" : Token is not null ? "Bearer" : "None";

    /// <summary>
    /// Reads the options from MLflow's environment variables and <c>~/.mlflow/credentials</c>.
    /// </summary>
    /// <param name="environment">Returns the value of an environment variable.</param>
    /// <param name="home">The user's home folder, which may contain <c>.mlflow/credentials</c>; null to read no file.</param>
    /// <exception cref="MlflowException"><see cref="ErrorKind.InvalidValue"/> for variables that contradict each other or are invalid.</exception>
    public static ConnectionOptions FromEnvironment(Func<string, string?> environment, string? home)
    {
        var variables = new EnvironmentVariables(environment);
        (string? user, string? password) = CredentialsFile.Read(home);
        string? environmentUser = Pasted.Password(environment("MLFLOW_TRACKING_USERNAME"), "MLFLOW_TRACKING_USERNAME");
        string? environmentPassword = Pasted.Password(environment("MLFLOW_TRACKING_PASSWORD"), "MLFLOW_TRACKING_PASSWORD");
        string? token = Pasted.Token(environment("MLFLOW_TRACKING_TOKEN"), "MLFLOW_TRACKING_TOKEN");
        string? everyProxy = variables.Setting("ALL_PROXY") ?? variables.Setting("all_proxy");
        bool fromFile = environmentUser is null && environmentPassword is null && user is not null;

        var options = new ConnectionOptions
        {
            Username = environmentUser ?? user,
            Password = environmentPassword ?? password,
            Token = token,
            InsecureTls = variables.Flag("MLFLOW_TRACKING_INSECURE_TLS", defaultValue: false),
            ServerCertificatePath = variables.Setting("MLFLOW_TRACKING_SERVER_CERT_PATH"),
            ClientCertificatePath = variables.Setting("MLFLOW_TRACKING_CLIENT_CERT_PATH"),
            RequestTimeout = variables.Seconds("MLFLOW_HTTP_REQUEST_TIMEOUT", defaultSeconds: 120),
            TransferTimeout = variables.Text("MLFLOW_ARTIFACT_UPLOAD_DOWNLOAD_TIMEOUT") is null ? null : variables.Seconds("MLFLOW_ARTIFACT_UPLOAD_DOWNLOAD_TIMEOUT", defaultSeconds: 1),
            Retry = RetryPolicy.FromEnvironment(variables),
            Multipart = MultipartOptions.FromEnvironment(variables),
            Presigned = variables.OneOf("ANOVOS_MLFLOW_PRESIGNED", "auto", "always", "never") switch
            {
                "always" => PresignedUse.Always,
                "never" => PresignedUse.Never,
                _ => PresignedUse.Auto,
            },
            FollowRedirects = variables.Flag("MLFLOW_ALLOW_HTTP_REDIRECTS", defaultValue: true),
            Workspace = Pasted.Header(environment("MLFLOW_WORKSPACE"), "MLFLOW_WORKSPACE"),
            HttpProxy = variables.Setting("HTTP_PROXY") ?? variables.Setting("http_proxy") ?? everyProxy,
            HttpsProxy = variables.Setting("HTTPS_PROXY") ?? variables.Setting("https_proxy") ?? everyProxy,
            NoProxy = variables.Setting("NO_PROXY") ?? variables.Setting("no_proxy"),
        };
        options = options with
        {
            CredentialSource = options.Authentication switch
            {
                "Basic" => fromFile ? "~/.mlflow/credentials" : "MLFLOW_TRACKING_USERNAME",
                "Bearer" => "MLFLOW_TRACKING_TOKEN",
                _ => null,
            },
        };
        if (options.InsecureTls && options.ServerCertificatePath is not null)
        {
            throw new MlflowException(
                ErrorKind.InvalidValue,
                "MLFLOW_TRACKING_INSECURE_TLS and MLFLOW_TRACKING_SERVER_CERT_PATH are both set: one turns off the check of the server's certificate, the other names the file to check it against. Unset one of them.");
        }

        return options;
    }

    /// <summary>Returns options for a host other than the tracking server, without the server's credentials and certificates.</summary>
    internal ConnectionOptions ForOtherHosts() => WithoutCredentials() with
    {
        Redactor = Redactor,
        Identity = null,
        DatabricksHost = null,
        InsecureTls = false,
        ServerCertificatePath = null,
        Workspace = null,
    };

    /// <summary>Returns options without credentials, for another server. Its certificate is checked by the same rules.</summary>
    public ConnectionOptions WithoutCredentials() => this with
    {
        Redactor = Redactor,
        Username = null,
        Password = null,
        Token = null,
        CredentialSource = null,
        ClientCertificatePath = null,
    };

    /// <inheritdoc/>
    public override string ToString() => Identity?.Description ?? (OwnAuthentication == "None" ? "no credentials" : $"{Authentication} authentication{(CredentialSource is null ? "" : $" from {CredentialSource}")}");
}
