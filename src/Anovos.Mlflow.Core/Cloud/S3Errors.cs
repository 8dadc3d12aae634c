using Amazon.Runtime;
using Anovos.Mlflow.Http;

namespace Anovos.Mlflow.Cloud;

/// <summary>What S3 and its SDK say, in this client's words.</summary>
internal static class S3Errors
{
    /// <summary>The failure of reading an object that is not what was listed.</summary>
    public static MlflowException Replaced(string bucket, string key, Exception? cause = null) =>
        new(ErrorKind.ArtifactSendFailed, $"{(key.Length == 0 ? $"An object in {bucket}" : $"{bucket}/{key}")} was replaced after it was listed. Send it again when nothing writes to it any more.", cause) { Target = bucket };

    /// <summary>
    /// The failure of a copy that was answered with success before it failed, as S3 may do:
    /// https://docs.aws.amazon.com/AmazonS3/latest/API/API_CopyObject.html.
    /// </summary>
    public static MlflowException NotCopied(string bucket) =>
        new(ErrorKind.ServerError, $"s3://{bucket} began to copy an object and did not end it.") { Target = bucket, IsTransient = true };

    public static MlflowException From(Exception exception, string bucket, Uri endpoint)
    {
        if (exception is not AmazonServiceException { StatusCode: not 0 } e)
        {
            // Only the text tells: "Expected hash not equal to calculated hash", the same in every language (AWSSDK.Core 4).
            if (exception is AmazonClientException && exception.Message.Contains("hash"))
                return Of(ErrorKind.ServerError, $"What came from {bucket} is not what its checksum there says: it was damaged on its way or in the store.", transient: true);

            // The SDK's own exceptions without a response come before a request is sent, when it looks for credentials.
            return exception is AmazonClientException || exception.GetType() == typeof(AmazonServiceException)
                ? Of(ErrorKind.AuthenticationFailed, "No AWS credentials were found. Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, name a profile of ~/.aws/credentials in AWS_PROFILE, or run where an instance or task role gives them.")
                : CloudErrors.Unreachable(exception, bucket, endpoint);
        }

        int status = (int)e.StatusCode;
        string request = $"S3 answers {(string.IsNullOrEmpty(e.ErrorCode) ? status.ToString(System.Globalization.CultureInfo.InvariantCulture) : e.ErrorCode)}: {e.Message}";
        switch (e.ErrorCode)
        {
            case "NoSuchBucket":
                return Of(ErrorKind.BucketNotFound, $"There is no bucket {bucket}. Check the name in the artifact root or workflow, and the endpoint.");
            case "InvalidAccessKeyId" or "SignatureDoesNotMatch" or "ExpiredToken" or "InvalidToken" or "TokenRefreshRequired" or "ExpiredTokenException":
                return Of(ErrorKind.AuthenticationFailed, $"The credentials for {bucket} are refused. {request} Renew or correct AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN, or the profile.");
            case "RequestTimeTooSkewed":
                return Of(ErrorKind.AuthenticationFailed, $"The clock of this machine is too far from that of {bucket}. Set it right.");
            case "PermanentRedirect" or "TemporaryRedirect" or "Redirect" or "AuthorizationHeaderMalformed" or "IllegalLocationConstraintException":
                return Of(ErrorKind.InvalidValue, $"{bucket} is in another region. Set AWS_DEFAULT_REGION to it. {request}");
            case "NoSuchKey":
                return Of(ErrorKind.ArtifactNotFound, $"{bucket} has no such object.");
        }

        return status switch
        {
            301 or 307 => Of(ErrorKind.InvalidValue, $"{bucket} is in another region. Set AWS_DEFAULT_REGION to it. {request}"),
            401 => Of(ErrorKind.AuthenticationFailed, $"The credentials for {bucket} are refused. {request}"),
            403 => Of(ErrorKind.PermissionDenied, $"The credentials may not do this in {bucket}. {request} Sending needs s3:PutObject and s3:AbortMultipartUpload, receiving s3:GetObject, listing s3:ListBucket."),
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
