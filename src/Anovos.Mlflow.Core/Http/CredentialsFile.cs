namespace Anovos.Mlflow.Http;

/// <summary>Reads <c>~/.mlflow/credentials</c>: INI, section <c>[mlflow]</c>.</summary>
internal static class CredentialsFile
{
    /// <summary>User and password; null where the file or the key is not there.</summary>
    public static (string? Username, string? Password) Read(string? home)
    {
        string? path = home is null ? null : Path.Combine(home, ".mlflow", "credentials");
        if (path is null || !File.Exists(path))
            return (null, null);

        string? user = null, password = null;
        bool inSection = false;
        foreach (string line in ReadLines(path).Select(line => line.Trim()))
        {
            if (line.StartsWith("[", StringComparison.Ordinal))
            {
                inSection = line == "[mlflow]";
                continue;
            }

            int separator = line.IndexOfAny(['=', ':']);
            if (!inSection || separator < 0 || line[0] is '#' or ';')
                continue;
            string value = line.Substring(separator + 1).Trim();
            switch (line.Substring(0, separator).TrimEnd().ToLowerInvariant())
            {
                case "mlflow_tracking_username": user = value; break;
                case "mlflow_tracking_password": password = value; break;
            }
        }

        return (user, password);
    }

    private static string[] ReadLines(string path)
    {
        try
        {
            return File.ReadAllLines(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new MlflowException(ErrorKind.InvalidValue, $"The credentials file {path} cannot be read: {e.Message} Correct its permissions, or move it away.", e) { Target = path };
        }
    }
}
