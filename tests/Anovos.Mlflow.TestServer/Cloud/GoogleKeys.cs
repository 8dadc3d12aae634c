using System.Security.Cryptography;
using System.Text.Json;

namespace Anovos.Mlflow.TestServer;

/// <summary>The key of the tests' service account, and key files as Google's console creates them.</summary>
public static class GoogleKeys
{
    private static readonly Lazy<RSA> Made = new(() => RSA.Create(2048));
    private static readonly Lazy<string> Folder = new(() =>
    {
        string folder = Directory.CreateTempSubdirectory("anovos-mlflow-").FullName;
        AppDomain.CurrentDomain.ProcessExit += (_, _) => Directory.Delete(folder, recursive: true);
        return folder;
    });

    internal static RSA Key => Made.Value;

    /// <summary>Writes the key file of a service account. Returns its path. The file is removed when the process ends.</summary>
    /// <param name="account">The account's address.</param>
    /// <param name="server">The server that issues its tokens.</param>
    /// <param name="key">A key other than the account's.</param>
    public static string WriteFile(string account, Uri server, RSA? key = null)
    {
        string path = Path.Combine(Folder.Value, $"{Guid.NewGuid():N}.json");
        File.WriteAllText(path, JsonSerializer.Serialize(new
        {
            type = "service_account",
            project_id = "anovos-mlflow",
            private_key_id = "0123456789abcdef",
            private_key = (key ?? Key).ExportPkcs8PrivateKeyPem(),
            client_email = account,
            client_id = "100000000000000000000",
            token_uri = new Uri(server, "token").AbsoluteUri,
        }));
        return path;
    }
}
