using System.Management.Automation;
using System.Net;
using System.Security;
using Anovos.Mlflow.Databricks;
using Anovos.Mlflow.Http;
using Anovos.Mlflow.PowerShell.Abstractions;
using Anovos.Mlflow.PowerShell.Completion;
using Anovos.Mlflow.PowerShell.Sessions;
using Anovos.Mlflow.Processes;
using Anovos.Mlflow.Stores;
using Anovos.Mlflow.Tracking;

namespace Anovos.Mlflow.PowerShell.Commands;

/// <summary>Makes a tracking store the default of this session, after a test request succeeded.</summary>
[Cmdlet(VerbsCommunications.Connect, "Mlflow", DefaultParameterSetName = "Environment")]
[OutputType(typeof(MlflowConnection))]
public sealed class ConnectMlflowCommand : MlflowCommand
{
    private static readonly string[] HostTag = ["PSHOST"];

    /// <summary>The store: a database, a folder, the address of a server, or databricks. Without it, <c>MLFLOW_TRACKING_URI</c>.</summary>
    [Parameter(Position = 0, ParameterSetName = "Environment")]
    [Parameter(Position = 0, ParameterSetName = "Credential")]
    [Parameter(Position = 0, ParameterSetName = "Token")]
    [ValidateNotNullOrEmpty]
    public string? TrackingUri { get; set; }

    /// <summary>The profile of <c>.databrickscfg</c> that defines the Databricks workspace and the identity.</summary>
    [Parameter(ParameterSetName = "Profile", Mandatory = true)]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(ProfileCompleter))]
    public string? Profile { get; set; }

    /// <summary>User and password for basic authentication.</summary>
    [Parameter(ParameterSetName = "Credential", Mandatory = true)]
    [ValidateNotNull]
    public PSCredential? Credential { get; set; }

    /// <summary>A bearer token.</summary>
    [Parameter(ParameterSetName = "Token", Mandatory = true)]
    [ValidateNotNull]
    public SecureString? Token { get; set; }

    /// <summary>Signs in to a Databricks workspace with the browser.</summary>
    [Parameter(ParameterSetName = "Environment")]
    [Parameter(ParameterSetName = "Profile")]
    public SwitchParameter Interactive { get; set; }

    /// <summary>A PEM or DER file with the certificate authorities to trust.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? ServerCertificatePath { get; set; }

    /// <summary>The client certificate: PEM with its key, or PFX.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? ClientCertificatePath { get; set; }

    /// <summary>Accepts any server certificate. For test servers only.</summary>
    [Parameter]
    public SwitchParameter SkipCertificateCheck { get; set; }

    /// <inheritdoc/>
    protected override void End()
    {
        TrackingTarget target = ParseTarget(Profile is null ? TrackingUri ?? MlflowSession.EnvironmentUri : $"databricks://{Profile}");
        if (Interactive)
            BrowserLogin.ThrowIfUnattended(Environment.GetEnvironmentVariable, HasUser());
        BrowserLogin? login = Interactive ? new BrowserLogin(ShowSignIn) : null;
        MlflowConnection connection = new(target, Session.Complete(target, Options(), login)) { IsConnected = true };
        if (SkipCertificateCheck)
            WriteWarning($"The certificate of {connection.TrackingUri} is not checked: anyone between here and the server can read the credentials.");

        if (login is not null)
            Await(login.SignInAsync);

        // A user who types an address wants to know immediately whether it works.
        using (ITrackingStore once = connection.OpenWithoutRetries())
            Await(token => once.SearchExperimentsAsync(new ExperimentSearch(MaxResults: 1), null, token));
        Session.Connect(connection);
        WriteObject(connection);
    }

    /// <inheritdoc/>
    private protected override bool Ends(MlflowException e) => true; // otherwise a script would continue with another store

    // PowerShell has no property for -NonInteractive. Its options can be abbreviated.
    private static bool HasUser() => Environment.UserInteractive && !Environment.GetCommandLineArgs().Skip(1).Any(argument =>
        argument.TrimStart('-', '/') is { Length: >= 4 } name && name.Length < argument.Length
        && "NonInteractive".StartsWith(name, StringComparison.OrdinalIgnoreCase));

    // Called by the work on another thread.
    private void ShowSignIn(Uri page, int port)
    {
        string text = Browser.TryOpen(page, Environment.GetEnvironmentVariable)
            ? $"Sign in with the browser. If it did not open, use this address: {page.AbsoluteUri}"
            : $"No browser is available. Sign in at this address: {page.AbsoluteUri}";
        if (Environment.GetEnvironmentVariable("SSH_CONNECTION") is { Length: > 0 })
        {
            text += $"\nThe browser is redirected to port {port} of this machine. If it runs on another machine, forward it first: "
                + $"ssh -L {port}:localhost:{port} …";
        }

        Post(() => WriteInformation(new HostInformationMessage { Message = text }, HostTag));
    }

    private ConnectionOptions Options()
    {
        ConnectionOptions options = Session.EnvironmentOptions();
        if (Credential is not null)
        {
            options = options with
            {
                Username = Pasted.Password(Credential.UserName, "The user in -Credential"),
                Password = Pasted.Password(Credential.GetNetworkCredential().Password, "The password in -Credential") ?? "",
                CredentialSource = "-Credential",
                CredentialsAreExplicit = true,
            };
        }


        if (Token is not null)
        {
            string token = Pasted.Token(new NetworkCredential("", Token).Password, "-Token")
                ?? throw new MlflowException(ErrorKind.InvalidValue, "-Token is empty. Pass a token.") { Target = "-Token" };
            options = options with
            {
                Username = null,
                Password = null,
                Token = token,
                CredentialSource = "-Token",
                CredentialsAreExplicit = true,
            };
        }


        return options with
        {
            ServerCertificatePath = ServerCertificatePath is null ? options.ServerCertificatePath : GetUnresolvedProviderPathFromPSPath(ServerCertificatePath),
            ClientCertificatePath = ClientCertificatePath is null ? options.ClientCertificatePath : GetUnresolvedProviderPathFromPSPath(ClientCertificatePath),
            InsecureTls = options.InsecureTls || SkipCertificateCheck,
        };
    }
}
