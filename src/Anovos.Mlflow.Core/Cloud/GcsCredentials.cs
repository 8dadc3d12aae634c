using System.Security.Cryptography;
using System.Text.Json;
using Google.Apis.Auth.OAuth2;
using Google.Apis.Http;
using Google.Apis.Storage.v1;

namespace Anovos.Mlflow.Cloud;

/// <summary>
/// Finds the credentials for Google Cloud Storage where Google's clients find them: in the file that the environment names, in gcloud's
/// file, or on the metadata server of a Google machine. Fails if there are none, and never continues anonymously.
/// </summary>
internal static class GcsCredentials
{
    private const string Login = "gcloud auth application-default login";
    private static readonly string[] Secrets = ["private_key", "client_secret", "refresh_token"];

    /// <exception cref="MlflowException">There are no credentials, or a file cannot be used.</exception>
    public static async Task<GoogleCredential> FindAsync(
        GcsSettings settings, string bucket, IHttpClientFactory http, Redactor redactor, CancellationToken cancellationToken)
    {
        if (settings.AccessToken is { } token)
            return GoogleCredential.FromAccessToken(token).CreateWithHttpClientFactory(http);
        GoogleCredential credential =
            settings.NamedFile is { } named ? Read(named, GcsSettings.FileVariable, redactor)
            : File.Exists(settings.DefaultFile) ? Read(settings.DefaultFile!, "gcloud", redactor)
            : await OnGoogleAsync(settings, cancellationToken).ConfigureAwait(false) ? GoogleCredential.FromComputeCredential(null)
            : throw new MlflowException(
                ErrorKind.AuthenticationFailed,
                $"No credentials were found for {bucket}: {GcsSettings.FileVariable} is not set, gcloud has no application default "
                + "credentials, and no metadata server of a Google machine responds. Set "
                + $"{GcsSettings.FileVariable} to a service account's key file, or run {Login}.")
            { Target = bucket };
        return credential.CreateWithHttpClientFactory(http).CreateScoped(StorageService.Scope.DevstorageReadWrite);
    }

    // The library caches the result for the process. It tries for one and a half seconds and cannot be cancelled.
    private static async Task<bool> OnGoogleAsync(GcsSettings settings, CancellationToken cancellationToken)
    {
        if (!settings.HasMetadataServer)
            return false;
        Task<bool> found = Task.Run(ComputeCredential.IsRunningOnComputeEngine, cancellationToken);
        await Task.WhenAny(found, Task.Delay(Timeout.Infinite, cancellationToken)).ConfigureAwait(false);
        cancellationToken.ThrowIfCancellationRequested();
        return await found.ConfigureAwait(false);
    }

    private static GoogleCredential Read(string path, string origin, Redactor redactor)
    {
        try
        {
            string json = File.ReadAllText(path);
            using var parsed = JsonDocument.Parse(json);
            foreach (string name in Secrets)
                redactor.Add(Field(parsed, name));
            return CredentialFactory.FromJson(json, Field(parsed, "type") ?? throw Unusable("has no field 'type'"));
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            throw Unusable("does not exist");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw Unusable($"cannot be read: {e.Message.TrimEnd('.')}");
        }
        catch (JsonException)
        {
            throw Unusable("is not a JSON file");
        }
        catch (Exception e) when (e is InvalidOperationException or ArgumentException or FormatException or CryptographicException)
        {
            // The library's message may contain the key.
            throw Unusable("is not a complete credentials file");
        }

        MlflowException Unusable(string why) => new(
            ErrorKind.AuthenticationFailed,
            $"The credentials file {path} ({origin}) {why}. Set {GcsSettings.FileVariable} to a service account's key file, or run "
            + $"{Login}.")
        {
            Target = path,
        };
    }

    private static string? Field(JsonDocument json, string name) =>
        json.RootElement.ValueKind == JsonValueKind.Object && json.RootElement.TryGetProperty(name, out JsonElement value)
        && value.ValueKind == JsonValueKind.String
            ? value.GetString()
            : null;
}
