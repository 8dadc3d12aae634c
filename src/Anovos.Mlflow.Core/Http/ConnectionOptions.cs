namespace Anovos.Mlflow.Http;

/// <summary>How to reach a tracking server and who asks. <see cref="ToString"/> shows no secret.</summary>
public sealed record ConnectionOptions
{
    private readonly Redactor _redactor = new();

    /// <summary>The user of basic authentication.</summary>
    public string? Username { get; init; }

    /// <summary>The password of basic authentication.</summary>
    public string? Password { get; init; }

    /// <summary>The bearer token; used where user and password are not both there.</summary>
    public string? Token { get; init; }

    /// <summary>Where the credentials came from, for people: <c>-Credential</c>, an environment variable, a file.</summary>
    public string? CredentialSource { get; init; }

    /// <summary>Whether the caller gave the credentials for this very connection; none from elsewhere replace them.</summary>
    public bool CredentialsAreExplicit { get; init; }

    /// <summary>Accepts any certificate. For a test server only.</summary>
    public bool InsecureTls { get; init; }

    /// <summary>A PEM file with the authorities to trust instead of the system's.</summary>
    public string? ServerCertificatePath { get; init; }

    /// <summary>The environment variable that names <see cref="ServerCertificatePath"/>, for errors.</summary>
    internal string ServerCertificateVariable { get; init; } = "MLFLOW_TRACKING_SERVER_CERT_PATH";

    /// <summary>The certificate that the client shows: PEM with its key, or PFX.</summary>
    public string? ClientCertificatePath { get; init; }

    /// <summary>How long one request may take; while a file is being transferred, how long nothing may move.</summary>
    public TimeSpan RequestTimeout { get; init; } = TimeSpan.FromSeconds(120);

    /// <summary>How long one file may take, retries included (<c>MLFLOW_ARTIFACT_UPLOAD_DOWNLOAD_TIMEOUT</c>); null for no limit.</summary>
    public TimeSpan? TransferTimeout { get; init; }

    /// <summary>How often a request that failed is sent again.</summary>
    public RetryPolicy Retry { get; init; } = new();

    /// <summary>When and how a large file is sent in parts.</summary>
    public MultipartOptions Multipart { get; init; } = new();

    /// <summary>When URLs that the server signs are used for a bucket.</summary>
    public PresignedUse Presigned { get; init; }

    /// <summary>Whether redirects within the same host are followed.</summary>
    public bool FollowRedirects { get; init; } = true;

    /// <summary>The MLflow 3 workspace that the requests are for.</summary>
    public string? Workspace { get; init; }

    /// <summary>The proxy for every host outside <see cref="NoProxy"/>, by URI scheme of the server.</summary>
    public string? HttpProxy { get; init; }

    /// <summary>As <see cref="HttpProxy"/>, for <c>https</c> servers.</summary>
    public string? HttpsProxy { get; init; }

    /// <summary>Hosts that are reached without a proxy, comma-separated, as in <c>NO_PROXY</c>.</summary>
    public string? NoProxy { get; init; }

    /// <summary>The address of the Databricks workspace; null if the store is not one.</summary>
    public Uri? DatabricksHost { get; init; }

    /// <summary>
    /// How the requests are authenticated: <c>Basic</c>, <c>Bearer</c>, <c>None</c>, or for a Databricks workspace the name of
    /// its method, as <c>oauth-m2m</c>.
    /// </summary>
    public string Authentication => Identity?.Method ?? OwnAuthentication;

    /// <summary>
    /// Masks the secrets of these options in text of others. Options that are made from these share it, and so do all
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
    /// The options that MLflow's environment variables and <c>~/.mlflow/credentials</c> give.
    /// </summary>
    /// <param name="environment">Reads an environment variable.</param>
    /// <param name="home">The user's home folder, where <c>.mlflow/credentials</c> may be; null looks for no file.</param>
    /// <exception cref="MlflowException"><see cref="ErrorKind.InvalidValue"/> for variables that contradict each other or cannot be read.</exception>
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

    /// <summary>The options for a host that is not the tracking server: its credentials and certificates are not for others.</summary>
    internal ConnectionOptions ForOtherHosts() => WithoutCredentials() with
    {
        Redactor = Redactor,
        Identity = null,
        DatabricksHost = null,
        InsecureTls = false,
        ServerCertificatePath = null,
        Workspace = null,
    };

    /// <summary>The options for a server that the credentials do not belong to. It is trusted by the same rules.</summary>
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
