using System.Text.Json;
using System.Text.RegularExpressions;
using Anovos.Mlflow.Http;
using Google;
using Google.Apis.Auth.OAuth2.Responses;
using Google.Apis.Requests;

namespace Anovos.Mlflow.Cloud;

/// <summary>Converts errors of Google's storage and token server to this client's errors.</summary>
internal static class GcsErrors
{
    private static readonly Regex Permission = new(@"\bstorage\.\w+\.\w+", RegexOptions.CultureInvariant);

    public static MlflowException From(Exception exception, string bucket, Uri endpoint)
    {
        if (exception is not GoogleApiException { HttpStatusCode: not 0 } e)
            return CloudErrors.Unreachable(exception, bucket, endpoint);

        int status = (int)e.HttpStatusCode;
        string? reason = e.Error?.Errors?.FirstOrDefault()?.Reason;
        string said = (e.Error?.Message ?? "").Trim().TrimEnd('.');
        string request = said.Length > 0 ? $"Google returned {status}: {said}." : $"Google returned {status}.";
        if (Failures.IsTransient(status, code: reason))
            return Of(ErrorKind.ServerError, $"{bucket}: {request}", transient: true);

        // Only the messages of the JSON API show what is wrong: its reasons are 'invalid' and 'notFound'. They are always in English.
        return status switch
        {
            400 when said.Contains("bucket name") => Of(ErrorKind.BucketNotFound, $"There is no bucket {bucket}. {request}"),
            400 when said.Contains("object name") => Of(
                ErrorKind.ArtifactPathInvalid, $"{bucket} rejected the object name. {request} "
                    + "A name may have at most 1024 bytes in UTF-8, and no line breaks."),
            400 when said.Contains("hash") => Of(
                ErrorKind.ArtifactSendFailed, $"The data was damaged on the way to {bucket}. {request}", transient: true),
            401 => Of(
                ErrorKind.AuthenticationFailed,
                $"{bucket} rejected the credentials. {request} Renew or replace them: a service account's key file in "
                + $"{GcsSettings.FileVariable}, or gcloud auth application-default login."),
            403 => Of(ErrorKind.PermissionDenied, $"The credentials do not permit this in {bucket}. {request} {Needed(said)}"),
            404 when said.Contains("bucket does not exist") => Of(
                ErrorKind.BucketNotFound, $"There is no bucket {bucket}. Check its name in the artifact root or workflow."),
            404 => Of(ErrorKind.ArtifactNotFound, $"{bucket} has no such object. {request}"),
            407 => Of(
                ErrorKind.TrackingServerUnreachable,
                $"{bucket} cannot be reached. {ConnectionErrors.ProxyRefused(endpoint, options: null)}"),
            412 => Replaced(bucket, exception),
            _ => Of(ErrorKind.ServerError, $"{bucket}: {request}"),
        };

        MlflowException Of(ErrorKind kind, string message, bool transient = false) => new(kind, message, exception)
        {
            Target = bucket,
            IsTransient = transient,
            StatusCode = status,
            ErrorCode = reason,
        };
    }

    /// <summary>Returns the error for an object whose content differs from the listed one.</summary>
    public static MlflowException Replaced(string bucket, Exception? exception = null)
    {
        string message = $"An object in {bucket} was replaced after it was listed. Send it again when no other program is writing to it.";
        return new MlflowException(ErrorKind.ArtifactSendFailed, message, exception)
        {
            Target = bucket,
            StatusCode = exception is null ? null : 412,
        };
    }

    /// <summary>Returns the error for credentials that Google's token server rejected.</summary>
    public static MlflowException NoToken(TokenResponseException e, string bucket)
    {
        bool transient = e.StatusCode is { } status && Failures.IsTransient((int)status);
        string said = string.Join(", ", new[] { e.Error?.Error, e.Error?.ErrorDescription }.Where(part => !string.IsNullOrEmpty(part)));
        return new MlflowException(
            transient ? ErrorKind.ServerError : ErrorKind.AuthenticationFailed,
            $"Google rejected the credentials for {bucket} and issued no token ({said.TrimEnd('.')}). "
            + $"Set {GcsSettings.FileVariable} to another service account's key file, run gcloud auth application-default login again, "
            + "or check this machine's clock.",
            e)
        {
            Target = bucket,
            IsTransient = transient,
            StatusCode = (int?)e.StatusCode,
            ErrorCode = e.Error?.Error,
        };
    }

    /// <summary>Returns the error for a token server that did not respond.</summary>
    public static MlflowException NoTokenServer(Exception e, string bucket)
    {
        ConnectionFailure failure = Failures.Connection(e).Failure;
        return new MlflowException(
            ErrorKind.TrackingServerUnreachable,
            $"{bucket} cannot be reached: the token server that the credentials name does not respond. "
            + $"{e.GetBaseException().Message.TrimEnd('.')}. Check the network, the firewall and the proxy settings.",
            e)
        {
            Target = bucket,
            IsTransient = Failures.IsTransient(failure),
        };
    }

    /// <summary>Reads an error response. Downloads return plain text, all other requests JSON.</summary>
    public static async Task<GoogleApiException> ReadAsync(HttpResponseMessage response)
    {
        string text = await response.Content.ReadAsStringAsync().ConfigureAwait(false), message = text;
        string? reason = null;
        try
        {
            using var json = JsonDocument.Parse(text);
            if (json.RootElement is { ValueKind: JsonValueKind.Object } root && root.TryGetProperty("error", out JsonElement error)
                && error.ValueKind == JsonValueKind.Object)
            {
                message = error.TryGetProperty("message", out JsonElement words) ? words.ToString() : "";
                reason = error.TryGetProperty("errors", out JsonElement errors) && errors.ValueKind == JsonValueKind.Array
                    && errors.GetArrayLength() > 0 && errors[0].TryGetProperty("reason", out JsonElement first)
                        ? first.ToString()
                        : null;
            }
        }
        catch (JsonException)
        {
            // Plain text, or the page of a proxy.
            message = text.Length > 500 || text.Contains('<') ? "" : text;
        }

        return new GoogleApiException("storage", message)
        {
            HttpStatusCode = response.StatusCode,
            Error = new RequestError { Message = message, Errors = [new SingleError { Message = message, Reason = reason }] },
        };
    }

    private static string Needed(string said) => Permission.Match(said) is { Success: true } named
        ? $"Ask an administrator to grant {named.Value}, which the role Storage Object User includes."
        : "Uploads need storage.objects.create, and storage.objects.delete to replace an object. Downloads need storage.objects.get, and "
            + "listing needs storage.objects.list. The role Storage Object User includes all of them.";
}
