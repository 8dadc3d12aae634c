using System.Diagnostics;
using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace Anovos.Mlflow.Tracking;

/// <summary>Waits while another process has the database locked. The wait can be cancelled at any time.</summary>
internal sealed class SqliteLock(string path)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    /// <summary>Repeats the work until the database is free.</summary>
    /// <exception cref="MlflowException">
    /// <see cref="ErrorKind.StoreInvalid"/>, transient, if it is still locked after 5 seconds.
    /// </exception>
    public T Wait<T>(Func<T> work, CancellationToken cancellationToken)
    {
        var waited = Stopwatch.StartNew();
        for (int pause = 1; ; pause = Math.Min(2 * pause, 16))
        {
            cancellationToken.ThrowIfCancellationRequested();
            try
            {
                return work();
            }
            catch (SqliteException failure) when (failure.SqliteErrorCode is raw.SQLITE_BUSY or raw.SQLITE_LOCKED)
            {
                if (waited.Elapsed > Patience)
                {
                    throw new MlflowException(ErrorKind.StoreInvalid,
                        $"Another process has kept the database '{path}' locked for {Patience.TotalSeconds:0} seconds. "
                        + "Wait for it to finish, or stop it, and try again.", failure)
                    {
                        Target = path,
                        IsTransient = true,
                    };
                }

                cancellationToken.WaitHandle.WaitOne(pause);
            }
        }
    }

    /// <inheritdoc cref="Wait{T}"/>
    public void Wait(Action work, CancellationToken cancellationToken) => Wait<object?>(
        () =>
        {
            work();
            return null;
        }, cancellationToken);
}
