using Anovos.Mlflow.Http;
using Azure;
using Azure.Identity;

namespace Anovos.Mlflow.Cloud;

/// <summary>Converts errors of Azure's storage and identity to this client's errors.</summary>
internal static class AzureErrors
{
    public static MlflowException From(Exception exception, string container, Uri endpoint)
    {
        if (exception is AuthenticationFailedException)
            return Of(ErrorKind.AuthenticationFailed, $"No working credentials were found for {container}. Set AZURE_STORAGE_CONNECTION_STRING, AZURE_STORAGE_ACCESS_KEY or AZURE_STORAGE_SAS_TOKEN, or sign in: AZURE_CLIENT_ID with its secret or certificate, a managed identity, or az login. {FirstLine(exception.Message)}");
        if (exception is not RequestFailedException { Status: not 0 } e)
            return CloudErrors.Unreachable(exception, container, endpoint);

        string request = $"Azure returned {e.ErrorCode ?? e.Status.ToString(System.Globalization.CultureInfo.InvariantCulture)}: {FirstLine(e.Message)}";
        switch (e.ErrorCode)
        {
            case "ContainerNotFound" or "FilesystemNotFound" or "ContainerBeingDeleted":
                return Of(ErrorKind.BucketNotFound, $"There is no container {container}. Check its name and the account in the artifact root or workflow.");
            case "AuthenticationFailed" or "InvalidAuthenticationInfo" or "NoAuthenticationInformation":
                return Of(ErrorKind.AuthenticationFailed, $"{container} rejected the credentials. {request} Renew or correct the key, signature or identity, and check this machine's clock.");
            // Azurite returns this code for a wrong key, with the text of AuthenticationFailed; Azure has a code for each.
            case "AuthorizationFailure" when e.Message.Contains("failed to authenticate"):
                return Of(ErrorKind.AuthenticationFailed, $"{container} rejected the credentials. {request}");
            case "AuthorizationFailure":
                return Of(ErrorKind.PermissionDenied, $"The account's network rules or the signature do not allow this in {container}. {request}");
            case "InvalidBlobOrBlock":
                return Of(ErrorKind.ArtifactSendFailed, $"Another program started to write this blob in {container} with other blocks. {request} Delete the unfinished blob, or send the file under another name.");
        }

        return e.Status switch
        {
            401 => Of(ErrorKind.AuthenticationFailed, $"{container} rejected the credentials. {request}"),
            403 => Of(ErrorKind.PermissionDenied, $"The credentials do not permit this in {container}. {request} Uploads need the role Storage Blob Data Contributor, downloads need Storage Blob Data Reader, and a signature needs create, write, read and list."),
            404 => Of(ErrorKind.ArtifactNotFound, $"{container} has no such blob. {request}"),
            407 => Of(ErrorKind.TrackingServerUnreachable,
                $"{container} cannot be reached. {ConnectionErrors.ProxyRefused(endpoint, options: null)}"),
            409 => Of(ErrorKind.ArtifactSendFailed, $"{container} does not allow this now. {request} A lease, a snapshot or a policy protects the blob."),
            412 => Of(ErrorKind.ArtifactSendFailed, $"A blob in {container} was replaced after it was listed. Send it again when no other program is writing to it."),
            _ => Of(ErrorKind.ServerError, $"{container}: {request}", Failures.IsTransient(e.Status)),
        };

        MlflowException Of(ErrorKind kind, string message, bool transient = false) =>
            new(kind, message, exception)
            {
                Target = container,
                IsTransient = transient,
                StatusCode = exception is RequestFailedException { Status: not 0 } failed ? failed.Status : null,
                ErrorCode = (exception as RequestFailedException)?.ErrorCode,
            };
    }

    // The SDK appends the response headers.
    private static string FirstLine(string message) => message.Split('\n')[0].Trim();
}
