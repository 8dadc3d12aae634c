using Anovos.Mlflow.Http;

namespace Anovos.Mlflow.Artifacts;

/// <summary>
/// Gets presigned URLs for the uploads of a run, one request each. The next ones are requested while a file is sent, because a server
/// takes about 9 ms for each.
/// </summary>
/// <param name="sign">Requests the URL of a path from the server.</param>
internal sealed class UploadUrls(Func<string, CancellationToken, Task<PresignedUrl>> sign) : IDisposable
{
    private const int Ahead = 16;

    private readonly CancellationTokenSource _stop = new();
    private readonly object _gate = new();
    private readonly Dictionary<string, Task<PresignedUrl>> _asked = new(StringComparer.Ordinal);
    private readonly List<string> _announced = [];
    private readonly Dictionary<string, int> _positions = new(StringComparer.Ordinal);
    private readonly HashSet<string> _taken = new(StringComparer.Ordinal);
    private int _next;

    /// <inheritdoc cref="IPrefetchesCredentials.ExpectUploads"/>
    public void Expect(IEnumerable<string> paths)
    {
        lock (_gate)
        {
            foreach (string path in paths)
            {
                _positions[path] = _announced.Count;
                _announced.Add(path);
            }
        }
    }

    /// <summary>Returns the URL of a path: the one that was requested in advance, unless it is old.</summary>
    public async Task<PresignedUrl> GetAsync(string path, CancellationToken cancellationToken)
    {
        Task<PresignedUrl>? asked;
        lock (_gate)
        {
            if (_asked.TryGetValue(path, out asked))
                _asked.Remove(path);
            else
                _taken.Add(path);
            AskAhead(path);
        }

        if (asked is not null && await asked.ConfigureAwait(false) is { IsOld: false } url)
            return url;
        return await sign(path, cancellationToken).ConfigureAwait(false);
    }

    public void Dispose()
    {
        _stop.Cancel();
        _stop.Dispose();
    }

    // Files are sent approximately in the announced order. Files that were skipped need no URL.
    private void AskAhead(string path)
    {
        if (!_positions.TryGetValue(path, out int position))
            return;
        for (_next = Math.Max(_next, position + 1); _next < _announced.Count && _next <= position + Ahead; _next++)
        {
            string next = _announced[_next];
            if (_taken.Remove(next))
                continue;
            Task<PresignedUrl> task = sign(next, _stop.Token);
            _ = task.ContinueWith(
                failed => failed.Exception, CancellationToken.None, TaskContinuationOptions.OnlyOnFaulted, TaskScheduler.Default);
            _asked[next] = task;
        }
    }
}
