using System.Management.Automation;
using System.Reflection;

namespace Anovos.Mlflow.PowerShell.Errors;

/// <summary>Creates every ErrorRecord of the module. The id is the kind of the failure.</summary>
internal static class ErrorRecords
{
    /// <summary>Creates the record of a failure of this module.</summary>
    public static ErrorRecord ToErrorRecord(this MlflowException e, object? target = null)
    {
        var record = new ErrorRecord(e, e.Kind.ToString(), Category(e), target ?? e.Target);
        string? details = e.RequestId is null ? null : $"{e.Message} (request {e.RequestId})";
        if (details is not null)
            record.ErrorDetails = new ErrorDetails(SafeText.Of(details));
        return record.Safe();
    }

    /// <summary>Creates the record of a failure with a local file or folder.</summary>
    public static ErrorRecord ToFileError(this Exception e, object? target)
    {
        e = MissingLibrary(e) ?? e;
        string id = e is FileNotFoundException or DirectoryNotFoundException ? "FileNotFound" : "FileUnreadable";
        return new ErrorRecord(e, id, e is UnauthorizedAccessException ? ErrorCategory.PermissionDenied : ErrorCategory.ReadError, target).Safe();
    }

    /// <summary>Removes text from the shown record that could control a terminal or a build. The target object does not change.</summary>
    public static ErrorRecord Safe(this ErrorRecord record)
    {
        if (SafeText.Of(record.Exception.Message) is { } message && message != record.Exception.Message)
            record.ErrorDetails ??= new ErrorDetails(message);
        if (record.TargetObject is string target && SafeText.Of(target) is { } name && name != target)
            record.CategoryInfo.TargetName = name;
        return record;
    }

    /// <summary>Masks secrets in the record: in its exceptions, its details and its target.</summary>
    public static ErrorRecord Redact(this ErrorRecord record, Redactor redactor)
    {
        Exception exception = redactor.Clean(record.Exception);
        object? target = record.TargetObject is string text ? redactor.Clean(text) : record.TargetObject;
        if (!ReferenceEquals(exception, record.Exception) || !ReferenceEquals(target, record.TargetObject))
        {
            ErrorDetails? words = record.ErrorDetails;
            record = new ErrorRecord(exception, record.FullyQualifiedErrorId, record.CategoryInfo.Category, target) { ErrorDetails = words };
            record.Safe();
        }

        if (record.ErrorDetails is { Message: { } details } && redactor.Clean(details) is var shown && !ReferenceEquals(shown, details))
            record.ErrorDetails = new ErrorDetails(shown);
        return record;
    }

    // Libraries load on first use. If one is missing, .NET reports the assembly's display name instead of a file name.
    private static FileNotFoundException? MissingLibrary(Exception e)
    {
        if (e is not FileNotFoundException { FileName: { } name } || !name.Contains(", Version="))
            return null;
        string folder = Path.Combine(Path.GetDirectoryName(typeof(ErrorRecords).Assembly.Location)!, "deps");
        string library = new AssemblyName(name).Name!;
        string message = $"The module's library {library} is missing from {folder}. Reinstall the module Anovos.Mlflow.";
        return new FileNotFoundException(message, name, e);
    }

    private static ErrorCategory Category(MlflowException e) => e.Kind switch
    {
        ErrorKind.ConfigNotFound or ErrorKind.ExperimentNotFound or ErrorKind.RunNotFound or ErrorKind.ArtifactNotFound or ErrorKind.BucketNotFound or ErrorKind.ModelNotFound or ErrorKind.ModelVersionNotFound or ErrorKind.MetricNotFound => ErrorCategory.ObjectNotFound,
        ErrorKind.ConfigInvalid or ErrorKind.StoreInvalid or ErrorKind.ModelInvalid => ErrorCategory.InvalidData,
        ErrorKind.InvalidValue or ErrorKind.ArtifactPathInvalid or ErrorKind.UriUnsupported => ErrorCategory.InvalidArgument,
        ErrorKind.TrackingServerUnreachable or ErrorKind.NotAnMlflowServer => ErrorCategory.ConnectionError,
        ErrorKind.AuthenticationFailed => ErrorCategory.AuthenticationError,
        ErrorKind.PermissionDenied => ErrorCategory.PermissionDenied,
        ErrorKind.ExperimentExists or ErrorKind.ModelExists or ErrorKind.ParameterConflict => ErrorCategory.ResourceExists,
        ErrorKind.ExperimentDeleted or ErrorKind.RunDeleted or ErrorKind.NotDeleted or ErrorKind.NoActiveRun => ErrorCategory.InvalidOperation,
        ErrorKind.NotSupported => ErrorCategory.NotImplemented,
        ErrorKind.ArtifactSendFailed or ErrorKind.ArtifactReceiveFailed or ErrorKind.ArtifactRemovalFailed => ErrorCategory.WriteError,
        _ => ErrorCategory.NotSpecified,
    };
}
