using System.Diagnostics;

namespace Anovos.Mlflow.Tracking;

/// <summary>
/// Allows one writer at a time in a folder, across all processes. MLflow itself takes no lock, but reading a param before writing it, or
/// appending to a metric, is not a single step. The lock is an open file, so it ends with its process and is never stale.
/// </summary>
internal static class StoreLock
{
    private const string FileName = ".lock";
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    /// <summary>Waits for the folder's lock. Disposing the result releases it.</summary>
    /// <exception cref="MlflowException"><see cref="ErrorKind.StoreInvalid"/> if another process holds it for a minute.</exception>
    public static IDisposable Take(string folder, CancellationToken cancellationToken)
    {
        // The file is not removed: removing it while others wait for it would let two of them in.
        string path = Path.Combine(folder, FileName);
        var waited = Stopwatch.StartNew();
        for (int pause = 1; ; pause = Math.Min(2 * pause, 16))
        {
            cancellationToken.ThrowIfCancellationRequested();
            try
            {
                return new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            }
            catch (IOException failure) when (BusyFile.IsBusy(failure))
            {
                if (waited.Elapsed > Patience)
                {
                    throw new MlflowException(ErrorKind.StoreInvalid,
                        $"Another process has kept '{path}' locked for {Patience.TotalSeconds:0} seconds. Stop it, or try again.", failure)
                    {
                        Target = path,
                    };
                }

                cancellationToken.WaitHandle.WaitOne(pause);
            }
        }
    }
}
