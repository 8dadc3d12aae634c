using System.Security.Cryptography;
using System.Text.Json;

namespace Anovos.Mlflow.TestServer;

/// <summary>The key of the tests' service account, and files with it as Google's console makes them.</summary>
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

    /// <summary>Writes the key file of a service account. Returns its path; it is removed with the process.</summary>
    /// <param name="account">The account's address.</param>
    /// <param name="server">Where its tokens come from.</param>
    /// <param name="key">Another key than the account's.</param>
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
