namespace Anovos.Mlflow.Artifacts;

/// <summary>
/// Reads an artifact while its store receives it: the store writes a block when the reader has taken the one before, so that no more
/// than two are in memory. A store that repeats a download writes again from the first byte; bytes that the reader has are compared and
/// left out.
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

    // The reader's own: the writer may have the next block ready before the reader waits for it, so _left says nothing until then.
    private bool _hasBlock;

    /// <summary>Starts to receive.</summary>
    /// <param name="length">The length that was listed.</param>
    /// <param name="receive">Has the store write to a stream.</param>
    /// <param name="failed">Makes the reader's error of the store's.</param>
    /// <param name="cancellationToken">Cancels it.</param>
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
                    // Few servers say how long their response is, so that one that was cut short looks like a whole one.
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
                // It ended, and so does every further read.
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
            // The download ends by itself; its failure is nobody's any more.
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

        // Of all bytes that were passed on, and of this attempt's.
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
                // The bytes before and after the end of what was passed on are treated apart.
                int part = _written < _passed ? (int)Math.Min(count, _passed - _written) : count;
                for (int i = offset; i < offset + part; i++)
                    _hash = (_hash ^ buffer[i]) * 1099511628211;
                _written += part;
                if (_written > reader._length)
                    throw Differs($"was listed with {reader._length} bytes, and {_written} came");
                if (_written == _passed && _hash != _passedHash)
                    throw Differs("changed while it was received");
                if (_written == reader._length && _written > _passed)
                {
                    // Only passed on when it is certain that nothing follows.
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
                throw Differs($"was listed with {reader._length} bytes, and {_written} came");
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
