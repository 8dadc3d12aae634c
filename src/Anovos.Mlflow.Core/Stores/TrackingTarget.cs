using System.Text.RegularExpressions;
using Anovos.Mlflow.Databricks;
using Anovos.Mlflow.Http;
using Anovos.Mlflow.Tracking;

namespace Anovos.Mlflow.Stores;

/// <summary>The target of a tracking URI: a SQLite database, a folder, a server, or a Databricks workspace.</summary>
public sealed record TrackingTarget
{
    private static readonly Regex ApiPath = new(@"/(?:ajax-)?api/\d+\.\d+(?:/mlflow(?:-artifacts)?)?/*\z", RegexOptions.CultureInvariant);

    private TrackingTarget(string uri) => Uri = uri;

    /// <summary>The absolute URI, without credentials. It names the same store from any folder.</summary>
    public string Uri { get; }

    /// <summary>The folder, if it names one.</summary>
    public string? Directory { get; private init; }

    /// <summary>The full path of the SQLite database, if it names one.</summary>
    public string? Database { get; private init; }

    /// <summary>Whether it names a folder or a database.</summary>
    public bool IsLocal => (Directory ?? Database) is not null;

    /// <summary>Whether the folder or the database exists.</summary>
    public bool Exists => System.IO.Directory.Exists(Directory) || File.Exists(Database);

    /// <summary>The folder with the artifacts of experiments that have no location of their own; null for a server.</summary>
    public string? ArtifactFolder => Database is null ? Directory : SqliteDatabase.ArtifactRootOf(Database);

    /// <summary>The server, if it names one, without credentials.</summary>
    public Uri? Server { get; private init; }

    /// <summary>Whether it names a Databricks workspace: the one in the environment and the configuration file.</summary>
    public bool IsDatabricks { get; private init; }

    /// <summary>The profile of the configuration file, if it names one.</summary>
    public string? Profile { get; private init; }

    /// <summary>The secret scope with the host and the token of the workspace to track to, and the prefix of both secrets.</summary>
    public (string Scope, string Prefix)? Secret { get; private init; }

    /// <summary>A warning for the user about how the URI was read, or about the store that was chosen; null if there is none.</summary>
    public string? Warning { get; internal init; }

    /// <summary>The user and password from the URI, for basic authentication.</summary>
    internal (string User, string Password)? UserInfo { get; private init; }

    /// <summary>Parses a tracking URI (mlflow.tracking._tracking_service.utils has the forms).</summary>
    /// <param name="uri">A path, <c>file:</c>, <c>sqlite:///</c>, <c>http(s)://</c>, <c>databricks</c>,
    /// <c>databricks://profile</c> or <c>databricks://scope:prefix</c>.</param>
    /// <param name="baseDirectory">The folder that relative paths start from.</param>
    /// <exception cref="MlflowException"><see cref="ErrorKind.UriUnsupported"/>; the message says what to use instead.</exception>
    public static TrackingTarget Parse(string uri, string baseDirectory)
    {
        string text = Pasted.Setting(uri, "The tracking URI") ?? "";
        string scheme = text is "databricks" or "databricks-uc" ? text : LocalUri.SchemeOf(text) ?? "file";
        if (LocalUri.SchemeOf(text) is not ("file" or "http" or "https" or "databricks" or "databricks-uc") && !text.Contains("://"))
        {
            // The name of a folder may have a colon.
            if (StoreFolder.Exists(text, baseDirectory))
                scheme = "file";
            else if (StoreFolder.IsServer(text) && System.Uri.TryCreate($"http://{text}", UriKind.Absolute, out Uri? plain))
                return ForServerWithoutScheme(text, plain);
        }

        switch (scheme)
        {
            case "file" when text.Length > 0:
                return ForDirectory(StoreFolder.Resolve(text, baseDirectory));
            case "http" or "https" when System.Uri.TryCreate(text, UriKind.Absolute, out Uri? server) && server.Host.Length > 0:
                return ForServer(server);
        }

        if (scheme.Split('+')[0] == "sqlite")
            return ForDatabase(text, baseDirectory);
        if (scheme == "databricks" && ForDatabricks(text) is { } workspace)
            return workspace;
        string advice = (scheme.Split('+')[0]) switch
        {
            "file" => "It is empty. Give http://host:port, https://host/prefix, or a folder.",
            "http" or "https" => "It does not name a host. Write it as http://host:port or https://host/prefix.",
            "databricks" => "Write it as databricks, as databricks://<profile> with a profile of .databrickscfg, or as "
                + "databricks://<scope>:<prefix> with a secret scope that has the secrets <prefix>-host and <prefix>-token.",
            "databricks-uc" or "uc" => "That is a model registry, not a tracking store. Use databricks, an http(s) server or a folder.",
            "postgresql" or "mysql" or "mssql" => $"This database can only be used through an MLflow server. Start one on it (mlflow server --backend-store-uri …) and use its http address.",
            _ => "Give http://host:port, https://host/prefix, databricks, or a folder. If its name has a colon, put ./ before it.",
        };
        throw new MlflowException(ErrorKind.UriUnsupported, $"The tracking URI '{UriCredentials.Hide(text)}' cannot be used. {advice}") { Target = UriCredentials.Hide(text) };
    }

    /// <summary>
    /// Completes the options with data from the URI: its credentials, if it has any and the caller gave none; for a Databricks workspace,
    /// its address and the way to sign in.
    /// </summary>
    /// <param name="options">The options from the environment and the caller.</param>
    /// <param name="environment">Returns the value of an environment variable.</param>
    /// <param name="home">The user's home folder.</param>
    /// <param name="lookup">Finds a workspace that is not named by its address; null for a new instance.</param>
    /// <param name="login">The browser to sign in with; null to use the configured method.</param>
    /// <exception cref="MlflowException">
    /// <see cref="ErrorKind.InvalidValue"/> if no workspace is configured, or more than one way to sign in;
    /// <see cref="ErrorKind.AuthenticationFailed"/> if there is nothing to sign in with.
    /// </exception>
    public ConnectionOptions Complete(
        ConnectionOptions options, Func<string, string?> environment, string? home, WorkspaceLookup? lookup = null,
        BrowserLogin? login = null)
    {
        if (login is not null && (!IsDatabricks || Secret is not null))
            throw BrowserLogin.NotFor(Uri);
        if (!IsDatabricks)
            return WithUserInfo(options);
        if (options.CredentialsAreExplicit && options.Username is not null)
            throw new MlflowException(ErrorKind.InvalidValue, "A Databricks workspace does not accept a user and password. Give a token, or a profile of .databrickscfg.") { Target = Uri };
        string? token = options.CredentialsAreExplicit ? options.Token : null;

        // A workspace must not receive the credentials of an MLflow server.
        ConnectionOptions without = options with { Username = null, Password = null, Token = null, CredentialSource = null };
        lookup ??= new WorkspaceLookup();
        var config = DatabricksConfig.Load(Profile, environment, home, token, found => lookup.FindHost(found, without), login);
        ConnectionOptions signedIn = SignIn(config, without);
        return Secret is not var (scope, prefix) ? signedIn : SignIn(lookup.FindSecret(scope, prefix, config, signedIn), without);
    }

    private static ConnectionOptions SignIn(DatabricksConfig config, ConnectionOptions options)
    {
        var identity = new DatabricksIdentity(config, options);
        return options with { DatabricksHost = config.Host, Identity = identity, CredentialSource = identity.Source };
    }

    private ConnectionOptions WithUserInfo(ConnectionOptions options)
    {
        if (UserInfo is not var (user, password))
            return options;
        password = Pasted.Password(password, "The password in the tracking URI") ?? "";
        options.Redactor.AddBasic(user, password);
        return options.CredentialsAreExplicit
            ? options
            : options with { Username = user, Password = password, CredentialSource = "the tracking URI" };
    }

    /// <summary>Returns the database if the folder is the path of one.</summary>
    public TrackingTarget OrDatabase() =>
        Directory is not null && DatabaseFile.IsAt(Directory) ? new(SqliteUri.Of(Directory)) { Database = Directory } : this;

    /// <summary>Whether both name servers with the same scheme, host and port.</summary>
    public bool IsAtSameServer(TrackingTarget other) => Server is not null && other.Server is not null
        && System.Uri.Compare(Server, other.Server, UriComponents.SchemeAndServer, UriFormat.SafeUnescaped, StringComparison.OrdinalIgnoreCase) == 0;

    /// <summary>Whether a store's absolute URI is that of a folder or a database.</summary>
    public static bool IsLocalUri(string uri) => LocalUri.SchemeOf(uri) is "file" or "sqlite";

    /// <summary>Whether a text is the path of an existing folder.</summary>
    /// <param name="text">A path, or anything else.</param>
    /// <param name="baseDirectory">The folder that relative paths start from.</param>
    public static bool FolderExists(string text, string baseDirectory) => StoreFolder.Exists(text, baseDirectory);

    /// <inheritdoc/>
    public override string ToString() => Uri;

    private static TrackingTarget ForDirectory(string path) => new(LocalUri.FromPath(path)) { Directory = path };

    private static TrackingTarget ForDatabase(string text, string baseDirectory)
    {
        string path = SqliteUri.Resolve(text, baseDirectory);
        return new(SqliteUri.Of(path)) { Database = path };
    }

    private static TrackingTarget? ForDatabricks(string text)
    {
        const string Prefix = "databricks://";
        string profile = text.StartsWith(Prefix, StringComparison.OrdinalIgnoreCase) ? text.Substring(Prefix.Length).TrimEnd('/') : "";
        if (profile.Length == 0)
            return text.TrimEnd('/', ':').Length == Prefix.Length - 3 ? new("databricks") { IsDatabricks = true } : null;
        string[] secret = profile.Split(':');
        return profile.IndexOfAny(['/', '@']) >= 0 || secret.Length > 2 || secret.Any(part => part.Length == 0) ? null
            : secret.Length == 2 ? new(Prefix + profile) { IsDatabricks = true, Secret = (secret[0], secret[1]) }
            : new(Prefix + profile) { IsDatabricks = true, Profile = profile };
    }

    private static TrackingTarget ForServerWithoutScheme(string text, Uri server)
    {
        TrackingTarget target = ForServer(server);
        string shown = UriCredentials.Hide(text);
        return target with
        {
            Warning = $"The tracking URI '{shown}' has no scheme, so it is read as {target.Uri}. "
                + $"Write it that way, or as https://…; for a folder with that name, write ./{shown}.",
        };
    }

    private static TrackingTarget ForServer(Uri server)
    {
        // People copy this path from a log or a curl command.
        string path = ApiPath.Replace(server.AbsolutePath, "");
        var builder = new UriBuilder(server) { UserName = "", Password = "", Query = "", Fragment = "" };
        if (path != server.AbsolutePath)
            builder.Path = path;
        Uri clean = builder.Uri;
        string[] userInfo = server.UserInfo.Split([':'], 2);
        return new(clean.GetLeftPart(UriPartial.Path).TrimEnd('/'))
        {
            Server = clean,
            UserInfo = userInfo.Length == 2 ? (System.Uri.UnescapeDataString(userInfo[0]), System.Uri.UnescapeDataString(userInfo[1])) : null,
        };
    }
}
