using System.Diagnostics;

namespace Anovos.Mlflow.Tracking;

/// <summary>
/// One writer at a time in a folder, over all processes: MLflow itself takes no lock, but reading a param before writing it,
/// or adding to a metric, is no single step. The lock is an open file, so it ends with its process and is never stale.
/// </summary>
internal static class StoreLock
{
    private const string FileName = ".lock";
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    /// <summary>Waits for the folder's lock; disposing of the answer gives it back.</summary>
    /// <exception cref="MlflowException"><see cref="ErrorKind.StoreInvalid"/> when another process keeps it for a minute.</exception>
    public static IDisposable Take(string folder, CancellationToken cancellationToken)
    {
        // The file stays: to remove it while others wait for it would let two of them in.
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
