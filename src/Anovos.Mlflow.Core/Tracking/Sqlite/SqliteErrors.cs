using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace Anovos.Mlflow.Tracking;

/// <summary>
/// Translates SQLite's errors into the messages of this client. The codes are documented at https://sqlite.org/rescode.html.
/// </summary>
internal static class SqliteErrors
{
    /// <summary>Runs the work and translates the exceptions of SQLite and the file system.</summary>
    /// <param name="path">The file of the database.</param>
    /// <param name="work">The work.</param>
    /// <param name="cancellationToken">The token whose cancellation interrupts SQLite.</param>
    public static T Translate<T>(string path, Func<T> work, CancellationToken cancellationToken)
    {
        try
        {
            return work();
        }
        catch (SqliteException failure) when (failure.SqliteErrorCode == raw.SQLITE_INTERRUPT && cancellationToken.IsCancellationRequested)
        {
            throw new OperationCanceledException(failure.Message, failure, cancellationToken);
        }
        catch (SqliteException failure)
        {
            (ErrorKind kind, string what) = Describe(failure);
            throw new MlflowException(kind, $"The database '{path}' {what}", failure) { Target = path };
        }
        catch (UnauthorizedAccessException failure)
        {
            throw new MlflowException(ErrorKind.PermissionDenied,
                $"The database '{path}' cannot be opened by this user: {failure.Message}", failure)
            { Target = path };
        }
        catch (IOException failure)
        {
            throw new MlflowException(ErrorKind.StoreInvalid,
                $"The database '{path}' cannot be opened: {failure.Message}", failure)
            { Target = path };
        }
    }

    private static (ErrorKind Kind, string What) Describe(SqliteException failure) => failure.SqliteErrorCode switch
    {
        raw.SQLITE_READONLY or raw.SQLITE_PERM or raw.SQLITE_AUTH => (ErrorKind.PermissionDenied,
            "cannot be written. Give this user the right to write the file and to create files in its folder."),
        raw.SQLITE_CANTOPEN => (ErrorKind.StoreInvalid,
            "cannot be opened. Check that its folder exists, that the path is a file, and that this user may read it."),
        raw.SQLITE_FULL => (ErrorKind.StoreInvalid,
            "cannot grow: the disk is full. Nothing of this change was stored. Free some space and try again."),
        raw.SQLITE_CORRUPT => (ErrorKind.StoreInvalid,
            $"is damaged ({failure.Message.TrimEnd('.')}). Restore it from a copy, or save what can be read with: sqlite3 <file> .recover"),
        raw.SQLITE_NOTADB => (ErrorKind.StoreInvalid, "is not a SQLite database. Use another file name."),
        raw.SQLITE_IOERR => (ErrorKind.StoreInvalid,
            $"cannot be read or written ({failure.Message.TrimEnd('.')}). Check the disk or the share."),
        _ => (ErrorKind.StoreInvalid, $"refused a statement: {failure.Message}"),
    };
}
