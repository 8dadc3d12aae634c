namespace Anovos.Mlflow.Artifacts;

/// <summary>
/// Reads an artifact while its store downloads it. The store writes a block when the reader has taken the previous one, so that at most
/// two are in memory. A store that retries a download writes again from the first byte; bytes that the reader already has are compared
/// and skipped.
/// </summary>
internal sealed class ReceivedStream : Stream
{
    private const int Attempts = 3;

    private readonly long _length;
    private readonly Func<MlflowException, MlflowException> _failed;
    private readonly CancellationTokenSource _stop;
    private readonly SemaphoreSlim _filled = new(0), _taken = new(0);
    private readonly Task _receiving;
    private byte[] _block = [];
    private int _offset, _left;

    // For the reader only. The writer may have the next block ready before the reader waits for it, so _left is not valid until then.
    private bool _hasBlock;

    /// <summary>Starts the download.</summary>
    /// <param name="length">The listed length.</param>
    /// <param name="receive">Makes the store write to a stream.</param>
    /// <param name="failed">Converts the store's error to the one that the reader gets.</param>
    /// <param name="cancellationToken">Cancels the download.</param>
    public ReceivedStream(
        long length,
        Func<Stream, CancellationToken, Task> receive,
        Func<MlflowException, MlflowException> failed,
        CancellationToken cancellationToken)
    {
        (_length, _failed) = (length, failed);
        _stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        CancellationToken stop = _stop.Token;
        _receiving = Task.Run(ReceiveAsync, CancellationToken.None);

        async Task ReceiveAsync()
        {
            try
            {
                var writer = new Writer(this, stop);
                await receive(writer, stop).ConfigureAwait(false);
                for (int attempt = 1; attempt < Attempts && writer.Length < _length; attempt++)
                {
                    // Few servers send a Content-Length, so a response that was cut short looks complete.
                    writer.SetLength(0);
                    await receive(writer, stop).ConfigureAwait(false);
                }

                await writer.FinishAsync().ConfigureAwait(false);
            }
            finally
            {
                _filled.Release();
            }
        }
    }

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => _length;

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public override async Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken)
    {
        if (!_hasBlock)
        {
            await _filled.WaitAsync(cancellationToken).ConfigureAwait(false);
            if (_left == 0)
            {
                // The download has ended, and every further read ends as well.
                _filled.Release();
                await ThrowIfFailedAsync().ConfigureAwait(false);
                return 0;
            }

            _hasBlock = true;
        }

        int read = Math.Min(count, _left);
        Buffer.BlockCopy(_block, _offset, buffer, offset, read);
        _offset += read;
        _left -= read;
        if (_left == 0)
        {
            _hasBlock = false;
            _taken.Release();
        }

        return read;
    }

    public override int Read(byte[] buffer, int offset, int count) =>
        ReadAsync(buffer, offset, count, CancellationToken.None).GetAwaiter().GetResult();

    public override void Flush()
    {
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            // The download ends by itself. Its error no longer matters.
            _stop.Cancel();
            _ = _receiving.ContinueWith(End, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
        }

        base.Dispose(disposing);

        void End(Task receiving)
        {
            _ = receiving.Exception;
            _stop.Dispose();
        }
    }

    private async Task ThrowIfFailedAsync()
    {
        try
        {
            await _receiving.ConfigureAwait(false);
        }
        catch (MlflowException e)
        {
            throw _failed(e);
        }
    }

    private Task PassAsync(byte[] block, int offset, int count)
    {
        (_block, _offset, _left) = (block, offset, count);
        _filled.Release();
        return _taken.WaitAsync(_stop.Token);
    }

    private sealed class Writer(ReceivedStream reader, CancellationToken stop) : Stream
    {
        private const ulong Basis = 14695981039346656037;

        // The hashes of all bytes that were passed on, and of this attempt's bytes.
        private ulong _passedHash = Basis, _hash = Basis;
        private long _passed, _written;
        private byte[]? _last;

        public override bool CanRead => false;

        public override bool CanSeek => false;

        public override bool CanWrite => true;

        public override long Length => _written;

        public override long Position
        {
            get => _written;
            set => throw new NotSupportedException();
        }

        public override async Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken)
        {
            stop.ThrowIfCancellationRequested();
            while (count > 0)
            {
                // Bytes that were passed on before and new bytes are handled separately.
                int part = _written < _passed ? (int)Math.Min(count, _passed - _written) : count;
                for (int i = offset; i < offset + part; i++)
                    _hash = (_hash ^ buffer[i]) * 1099511628211;
                _written += part;
                if (_written > reader._length)
                    throw Differs($"was listed with {reader._length} bytes, but {_written} were received");
                if (_written == _passed && _hash != _passedHash)
                    throw Differs("changed during the download");
                if (_written == reader._length && _written > _passed)
                {
                    // Passed on only when it is certain that nothing follows.
                    _last = new byte[part];
                    Buffer.BlockCopy(buffer, offset, _last, 0, part);
                }
                else if (_written > _passed)
                {
                    await reader.PassAsync(buffer, offset, part).ConfigureAwait(false);
                    (_passed, _passedHash) = (_written, _hash);
                }

                offset += part;
                count -= part;
            }
        }

        public async Task FinishAsync()
        {
            if (_written != reader._length)
                throw Differs($"was listed with {reader._length} bytes, but {_written} were received");
            if (_last is not null)
                await reader.PassAsync(_last, 0, _last.Length).ConfigureAwait(false);
        }

        public override void SetLength(long value) => (_written, _hash, _last) = (0, Basis, null);

        public override void Write(byte[] buffer, int offset, int count) =>
            WriteAsync(buffer, offset, count, CancellationToken.None).GetAwaiter().GetResult();

        public override void Flush()
        {
        }

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        private static MlflowException Differs(string what) => new(ErrorKind.ArtifactReceiveFailed, what);
    }
}
