using Anovos.Mlflow.Http;
using Azure;
using Azure.Identity;

namespace Anovos.Mlflow.Cloud;

/// <summary>What Azure's storage and identity say, in this client's words.</summary>
internal static class AzureErrors
{
    public static MlflowException From(Exception exception, string container, Uri endpoint)
    {
        if (exception is AuthenticationFailedException)
            return Of(ErrorKind.AuthenticationFailed, $"No credentials for {container} work. Set AZURE_STORAGE_CONNECTION_STRING, AZURE_STORAGE_ACCESS_KEY or AZURE_STORAGE_SAS_TOKEN, or sign in: AZURE_CLIENT_ID with its secret or certificate, a managed identity, or az login. {FirstLine(exception.Message)}");
        if (exception is not RequestFailedException { Status: not 0 } e)
            return CloudErrors.Unreachable(exception, container, endpoint);

        string request = $"Azure answers {e.ErrorCode ?? e.Status.ToString(System.Globalization.CultureInfo.InvariantCulture)}: {FirstLine(e.Message)}";
        switch (e.ErrorCode)
        {
            case "ContainerNotFound" or "FilesystemNotFound" or "ContainerBeingDeleted":
                return Of(ErrorKind.BucketNotFound, $"There is no container {container}. Check its name and the account in the artifact root or workflow.");
            case "AuthenticationFailed" or "InvalidAuthenticationInfo" or "NoAuthenticationInformation":
                return Of(ErrorKind.AuthenticationFailed, $"The credentials for {container} are refused. {request} Renew or correct the key, signature or identity, and check this machine's clock.");
            // Azurite gives a wrong key this code, with the words of AuthenticationFailed; Azure has a code for each.
            case "AuthorizationFailure" when e.Message.Contains("failed to authenticate"):
                return Of(ErrorKind.AuthenticationFailed, $"The credentials for {container} are refused. {request}");
            case "AuthorizationFailure":
                return Of(ErrorKind.PermissionDenied, $"The account's network rules or the signature do not allow this in {container}. {request}");
            case "InvalidBlobOrBlock":
                return Of(ErrorKind.ArtifactSendFailed, $"Another program began to write this blob in {container} with other blocks. {request} Delete the unfinished blob, or send under another name.");
        }

        return e.Status switch
        {
            401 => Of(ErrorKind.AuthenticationFailed, $"The credentials for {container} are refused. {request}"),
            403 => Of(ErrorKind.PermissionDenied, $"The credentials may not do this in {container}. {request} Sending needs the role Storage Blob Data Contributor, receiving Storage Blob Data Reader; a signature needs create, write, read and list."),
            404 => Of(ErrorKind.ArtifactNotFound, $"{container} has no such blob. {request}"),
            407 => Of(ErrorKind.TrackingServerUnreachable,
                $"{container} cannot be reached. {ConnectionErrors.ProxyRefused(endpoint, options: null)}"),
            409 => Of(ErrorKind.ArtifactSendFailed, $"{container} does not take it now. {request} A lease, a snapshot or a policy holds the blob."),
            412 => Of(ErrorKind.ArtifactSendFailed, $"A blob in {container} was replaced after it was listed. Send it again when nothing writes to it any more."),
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

    // The SDK appends the headers of the answer.
    private static string FirstLine(string message) => message.Split('\n')[0].Trim();
}
