using Amazon.Runtime;
using Anovos.Mlflow.Http;

namespace Anovos.Mlflow.Cloud;

/// <summary>Converts errors of S3 and its SDK to this client's errors.</summary>
internal static class S3Errors
{
    /// <summary>Returns the error for an object whose content differs from the listed one.</summary>
    public static MlflowException Replaced(string bucket, string key, Exception? cause = null) =>
        new(ErrorKind.ArtifactSendFailed, $"{(key.Length == 0 ? $"An object in {bucket}" : $"{bucket}/{key}")} was replaced after it was listed. Send it again when no other program is writing to it.", cause) { Target = bucket };

    /// <summary>
    /// Returns the error for a copy that failed after S3 had responded with success, as it may do:
    /// https://docs.aws.amazon.com/AmazonS3/latest/API/API_CopyObject.html.
    /// </summary>
    public static MlflowException NotCopied(string bucket) =>
        new(ErrorKind.ServerError, $"s3://{bucket} started to copy an object but did not finish.") { Target = bucket, IsTransient = true };

    public static MlflowException From(Exception exception, string bucket, Uri endpoint)
    {
        if (exception is not AmazonServiceException { StatusCode: not 0 } e)
        {
            // Only the message shows it: "Expected hash not equal to calculated hash", the same in every language (AWSSDK.Core 4).
            if (exception is AmazonClientException && exception.Message.Contains("hash"))
                return Of(ErrorKind.ServerError, $"The data from {bucket} does not match its checksum. It was damaged in transit or in the store.", transient: true);

            // The SDK throws its own exceptions without a response before it sends a request, when it looks for credentials.
            return exception is AmazonClientException || exception.GetType() == typeof(AmazonServiceException)
                ? Of(ErrorKind.AuthenticationFailed, "No AWS credentials were found. Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, set AWS_PROFILE to a profile in ~/.aws/credentials, or run where an instance or task role provides credentials.")
                : CloudErrors.Unreachable(exception, bucket, endpoint);
        }

        int status = (int)e.StatusCode;
        string request = $"S3 returned {(string.IsNullOrEmpty(e.ErrorCode) ? status.ToString(System.Globalization.CultureInfo.InvariantCulture) : e.ErrorCode)}: {e.Message}";
        switch (e.ErrorCode)
        {
            case "NoSuchBucket":
                return Of(ErrorKind.BucketNotFound, $"There is no bucket {bucket}. Check the name in the artifact root or workflow, and the endpoint.");
            case "InvalidAccessKeyId" or "SignatureDoesNotMatch" or "ExpiredToken" or "InvalidToken" or "TokenRefreshRequired" or "ExpiredTokenException":
                return Of(ErrorKind.AuthenticationFailed, $"{bucket} rejected the credentials. {request} Renew or correct AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN, or the profile.");
            case "RequestTimeTooSkewed":
                return Of(ErrorKind.AuthenticationFailed, $"This machine's clock differs too much from that of {bucket}. Correct it.");
            case "PermanentRedirect" or "TemporaryRedirect" or "Redirect" or "AuthorizationHeaderMalformed" or "IllegalLocationConstraintException":
                return Of(ErrorKind.InvalidValue, $"{bucket} is in another region. Set AWS_DEFAULT_REGION to that region. {request}");
            case "NoSuchKey":
                return Of(ErrorKind.ArtifactNotFound, $"{bucket} has no such object.");
        }

        return status switch
        {
            301 or 307 => Of(ErrorKind.InvalidValue, $"{bucket} is in another region. Set AWS_DEFAULT_REGION to that region. {request}"),
            401 => Of(ErrorKind.AuthenticationFailed, $"{bucket} rejected the credentials. {request}"),
            403 => Of(ErrorKind.PermissionDenied, $"The credentials do not permit this in {bucket}. {request} Uploads need s3:PutObject and s3:AbortMultipartUpload, downloads need s3:GetObject, and listing needs s3:ListBucket."),
            404 => Of(ErrorKind.ArtifactNotFound, $"{bucket} has no such object. {request}"),
            407 => Of(ErrorKind.TrackingServerUnreachable,
                $"{bucket} cannot be reached. {ConnectionErrors.ProxyRefused(endpoint, options: null)}"),
            412 => Replaced(bucket, "", exception),
            _ => Of(ErrorKind.ServerError, $"{bucket}: {request}", Failures.IsTransient(status, code: e.ErrorCode)),
        };

        MlflowException Of(ErrorKind kind, string message, bool transient = false) =>
            new(kind, message, exception)
            {
                Target = bucket,
                IsTransient = transient,
                StatusCode = exception is AmazonServiceException { StatusCode: not 0 } service ? (int)service.StatusCode : null,
                ErrorCode = (exception as AmazonServiceException)?.ErrorCode,
                RequestId = (exception as AmazonServiceException)?.RequestId,
            };
    }
}
