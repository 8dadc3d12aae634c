using System.Diagnostics;

namespace Anovos.Mlflow;

/// <summary>
/// Retries file operations that fail because another program has the file open, such as a virus scanner, an editor or a reader on Windows.
/// </summary>
internal static class BusyFile
{
    // Milliseconds. Short, because a program that opens the file repeatedly closes it only for moments.
    private const int LongestPause = 16;

    // ERROR_ACCESS_DENIED: Windows returns it for replacing, moving or removing a file that another program has open, and for opening a
    // file at the moment it is replaced.
    private const int AccessDenied = 5;

    // From ReplaceFile: ERROR_UNABLE_TO_REMOVE_REPLACED and ERROR_UNABLE_TO_MOVE_REPLACEMENT.
    private const int CannotRemoveReplaced = 1175;
    private const int CannotMoveReplacement = 1176;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan OfReplacing = TimeSpan.FromMilliseconds(200);

    /// <summary>Opens, reads or writes a file.</summary>
    /// <param name="path">The file, for the error message.</param>
    /// <param name="action">The operation to retry.</param>
    /// <param name="cancellationToken">Cancels the wait.</param>
    /// <param name="patience">The maximum wait for the file: 5 seconds by default.</param>
    /// <exception cref="IOException">Another program kept the file open. The message contains its path.</exception>
    public static void Open(string path, Action action, CancellationToken cancellationToken, TimeSpan? patience = null) =>
        Repeat(path, action, (failure, waited) => IsBusy(failure) || (IsDenied(failure, WindowsName.IsWindows) && waited < OfReplacing),
            patience ?? Patience, cancellationToken);

    /// <summary>Replaces, moves or removes a file or folder.</summary>
    /// <inheritdoc cref="Open"/>
    public static void Replace(
        string path, Action action, CancellationToken cancellationToken, TimeSpan? patience = null, bool? onWindows = null) =>
        Repeat(path, action,
            (failure, _) => IsBusy(failure) || (IsDenied(failure, onWindows ?? WindowsName.IsWindows) && !IsReadOnly(path)),
            patience ?? Patience, cancellationToken);

    /// <summary>Whether the operation failed because another process has the file open, which is transient.</summary>
    public static bool IsBusy(Exception failure) =>
        // Windows: ERROR_SHARING_VIOLATION, ERROR_LOCK_VIOLATION; Unix: EWOULDBLOCK on Linux and on macOS.
        failure is IOException && (failure.HResult & 0xFFFF) is 32 or 33 or 11 or 35 or CannotRemoveReplaced or CannotMoveReplacement;

    // When moving a folder, .NET Framework reports it as an IOException.
    private static bool IsDenied(Exception failure, bool onWindows) =>
        onWindows && (failure is UnauthorizedAccessException || (failure is IOException && (failure.HResult & 0xFFFF) == AccessDenied));

    private static bool IsReadOnly(string path) => new FileInfo(path) is { Exists: true, IsReadOnly: true };

    private static void Repeat(
        string path, Action action, Func<Exception, TimeSpan, bool> passes, TimeSpan patience, CancellationToken cancellationToken)
    {
        var waited = Stopwatch.StartNew();
        for (int pause = 1; ; pause = Math.Min(2 * pause, LongestPause))
        {
            try
            {
                action();
                return;
            }
            catch (Exception failure) when (passes(failure, waited.Elapsed))
            {
                if (waited.Elapsed >= patience)
                {
                    throw new IOException(
                        $"Another program has kept {path} open for {patience.TotalSeconds:0} seconds. Close it there, or try again.",
                        failure);
                }

                cancellationToken.WaitHandle.WaitOne(pause);
                cancellationToken.ThrowIfCancellationRequested();
            }
        }
    }
}
