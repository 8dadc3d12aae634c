using System.Text.Json;
using System.Text.RegularExpressions;
using Anovos.Mlflow.Http;
using Google;
using Google.Apis.Auth.OAuth2.Responses;
using Google.Apis.Requests;

namespace Anovos.Mlflow.Cloud;

/// <summary>What Google's storage and token server say, in this client's words.</summary>
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
        string request = said.Length > 0 ? $"Google answers {status}: {said}." : $"Google answers {status}.";
        if (Failures.IsTransient(status, code: reason))
            return Of(ErrorKind.ServerError, $"{bucket}: {request}", transient: true);

        // The JSON API gives no other sign of what is wrong or missing: its reasons are 'invalid' and 'notFound'. It speaks English only.
        return status switch
        {
            400 when said.Contains("bucket name") => Of(ErrorKind.BucketNotFound, $"There is no bucket {bucket}. {request}"),
            400 when said.Contains("object name") => Of(
                ErrorKind.ArtifactPathInvalid, $"{bucket} does not take the name. {request} "
                    + "It may have 1024 bytes as UTF-8, and no line breaks."),
            400 when said.Contains("hash") => Of(
                ErrorKind.ArtifactSendFailed, $"The bytes that reached {bucket} were damaged. {request}", transient: true),
            401 => Of(
                ErrorKind.AuthenticationFailed,
                $"The credentials for {bucket} are refused. {request} Renew or replace them: a service account's key file in "
                + $"{GcsSettings.FileVariable}, or gcloud auth application-default login."),
            403 => Of(ErrorKind.PermissionDenied, $"The credentials may not do this in {bucket}. {request} {Needed(said)}"),
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

    /// <summary>An object has another content than the one that was listed.</summary>
    public static MlflowException Replaced(string bucket, Exception? exception = null)
    {
        string message = $"An object in {bucket} was replaced after it was listed. Send it again when nothing writes to it any more.";
        return new MlflowException(ErrorKind.ArtifactSendFailed, message, exception)
        {
            Target = bucket,
            StatusCode = exception is null ? null : 412,
        };
    }

    /// <summary>Google's token server refused the credentials.</summary>
    public static MlflowException NoToken(TokenResponseException e, string bucket)
    {
        bool transient = e.StatusCode is { } status && Failures.IsTransient((int)status);
        string said = string.Join(", ", new[] { e.Error?.Error, e.Error?.ErrorDescription }.Where(part => !string.IsNullOrEmpty(part)));
        return new MlflowException(
            transient ? ErrorKind.ServerError : ErrorKind.AuthenticationFailed,
            $"The credentials for {bucket} are refused: Google gives no token for them ({said.TrimEnd('.')}). "
            + $"Name another service account's key file in {GcsSettings.FileVariable}, run gcloud auth application-default login again, "
            + "or check this machine's clock.",
            e)
        {
            Target = bucket,
            IsTransient = transient,
            StatusCode = (int?)e.StatusCode,
            ErrorCode = e.Error?.Error,
        };
    }

    /// <summary>Google's token server did not answer.</summary>
    public static MlflowException NoTokenServer(Exception e, string bucket)
    {
        ConnectionFailure failure = Failures.Connection(e).Failure;
        return new MlflowException(
            ErrorKind.TrackingServerUnreachable,
            $"{bucket} cannot be reached: the token server that the credentials name does not answer. "
            + $"{e.GetBaseException().Message.TrimEnd('.')}. Check the network, the firewall and the proxy settings.",
            e)
        {
            Target = bucket,
            IsTransient = Failures.IsTransient(failure),
        };
    }

    /// <summary>Reads an error response. Downloads get plain text, all others JSON.</summary>
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
        ? $"Have an administrator grant {named.Value}, as the role Storage Object User does."
        : "Sending needs storage.objects.create, and storage.objects.delete to replace an object; receiving storage.objects.get, listing "
            + "storage.objects.list. The role Storage Object User has all of them.";
}
