namespace Anovos.Mlflow.Http;

/// <summary>Reads <c>~/.mlflow/credentials</c>: an INI file with the section <c>[mlflow]</c> (mlflow.utils.credentials).</summary>
internal static class CredentialsFile
{
    /// <summary>User and password; null if the file or the key does not exist.</summary>
    /// <exception cref="MlflowException"><see cref="ErrorKind.InvalidValue"/> if the file cannot be read.</exception>
    public static (string? Username, string? Password) Read(string? home)
    {
        IniFile? file = home is null ? null : IniFile.Read(Path.Combine(home, ".mlflow", "credentials"), "The credentials file");
        return (Value("mlflow_tracking_username"), Value("mlflow_tracking_password"));

        string? Value(string key) => file?.Section("mlflow") is { } section && section.TryGetValue(key, out string? value)
            ? Pasted.Password(value, $"{key} in the credentials file")
            : null;
    }
}
