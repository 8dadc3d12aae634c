namespace Anovos.Mlflow.Cloud;

/// <summary>The settings of Google Cloud Storage from the environment, with the names that Google's clients use.</summary>
internal sealed record GcsSettings
{
    /// <summary>The variable with the path of a credentials file.</summary>
    public const string FileVariable = "GOOGLE_APPLICATION_CREDENTIALS";

    private const string EmulatorVariable = "STORAGE_EMULATOR_HOST";
    private const string EndpointVariable = "CLOUDSDK_API_ENDPOINT_OVERRIDES_STORAGE";

    /// <summary>
    /// The address of the service: Google's, a private one (<c>CLOUDSDK_API_ENDPOINT_OVERRIDES_STORAGE</c>), or that of an emulator.
    /// </summary>
    public Uri Endpoint { get; init; } = new("https://storage.googleapis.com");

    /// <summary>Whether it is an emulator (<c>STORAGE_EMULATOR_HOST</c>), which gets no credentials.</summary>
    public bool IsEmulator { get; init; }

    /// <summary>The file with credentials that the environment names.</summary>
    public string? NamedFile { get; init; }

    /// <summary>The file that <c>gcloud auth application-default login</c> writes; it may not exist.</summary>
    public string? DefaultFile { get; init; }

    /// <summary>Whether the metadata server of a Google machine may be queried (<c>NO_GCE_CHECK</c>).</summary>
    public bool HasMetadataServer { get; init; } = true;

    /// <summary>A token for the bucket, which is used instead of all other credentials; null for none.</summary>
    public string? AccessToken { get; init; }

    /// <summary>Whether the environment or a file provides credentials, or none are needed.</summary>
    public bool HasCredentials => IsEmulator || NamedFile is not null || File.Exists(DefaultFile);

    /// <exception cref="MlflowException"><see cref="ErrorKind.InvalidValue"/> for a variable that cannot be read.</exception>
    public static GcsSettings FromEnvironment(EnvironmentVariables variables)
    {
        string? emulator = variables.Setting(EmulatorVariable), endpoint = variables.Setting(EndpointVariable);
        var settings = new GcsSettings
        {
            IsEmulator = emulator is not null,
            NamedFile = variables.Text(FileVariable),
            DefaultFile = Folder(variables) is { } folder ? Path.Combine(folder, "application_default_credentials.json") : null,
            HasMetadataServer = !variables.Flag("NO_GCE_CHECK", defaultValue: false),
        };
        if (emulator is not null)
            return settings with { Endpoint = Address(EmulatorVariable, emulator.Contains("://") ? emulator : $"http://{emulator}") };
        return endpoint is null ? settings : settings with { Endpoint = Address(EndpointVariable, endpoint) };
    }

    // gcloud's own folder.
    private static string? Folder(EnvironmentVariables variables)
    {
        if (variables.Text("CLOUDSDK_CONFIG") is { } set)
            return set;
        if (WindowsName.IsWindows)
            return variables.Text("APPDATA") is { } data ? Path.Combine(data, "gcloud") : null;
        return variables.Text("HOME") is { } home ? Path.Combine(home, ".config", "gcloud") : null;
    }

    // The path of the API is always the same, so drop it if gcloud's setting has it.
    private static Uri Address(string variable, string value) =>
        Uri.TryCreate(value, UriKind.Absolute, out Uri? uri) && uri.Scheme is "http" or "https" && uri.UserInfo.Length == 0
            ? new Uri(uri.GetLeftPart(UriPartial.Authority))
            : throw new MlflowException(
                ErrorKind.InvalidValue,
                $"The environment variable {variable} is not an address. Expected http://host:port or https://host. "
                + "Correct or unset it.")
            { Target = variable };
}
