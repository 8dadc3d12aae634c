using Anovos.Mlflow.Artifacts;

namespace Anovos.Mlflow.Tests.Artifacts;

/// <summary>An artifact that is read while its store receives it.</summary>
public class ReceivedStreamTests
{
    private const int Length = 200_000;

    // Two threads pass each block on. With many blocks, a possible deadlock will occur.
    [Fact]
    public async Task Writer_and_reader_never_wait_for_each_other()
    {
        byte[] bytes = [.. Enumerable.Range(0, Length).Select(i => (byte)(i * 31))];
        await Task.WhenAll(Enumerable.Range(1, 8).Select(size => Task.Run(async () =>
        {
            for (int round = 0; round < 5; round++)
                Assert.Equal(bytes, await ReadAsync(bytes, size, TestContext.Current.CancellationToken));
        }))).WaitAsync(TimeSpan.FromMinutes(2), TestContext.Current.CancellationToken);
    }

    [Theory]
    [InlineData(1, "was listed with 200000 bytes, but 200001 were received")]
    [InlineData(-1, "was listed with 200000 bytes, but 199999 were received")]
    public async Task Another_length_than_the_listed_one_is_an_error_before_the_last_byte(int more, string message)
    {
        byte[] bytes = new byte[Length + more];
        using var stream = new ReceivedStream(Length, (target, stop) => WriteAsync(target, bytes, 1000, stop), e => e, default);
        using var read = new MemoryStream();
        MlflowException e = await Assert.ThrowsAsync<MlflowException>(
            () => stream.CopyToAsync(read, TestContext.Current.CancellationToken));
        Assert.Equal(message, e.Message);
        Assert.True(read.Length < Length);
    }

    [Fact]
    public async Task A_repeated_download_goes_on_where_the_reader_is()
    {
        byte[] bytes = [.. Enumerable.Range(0, Length).Select(i => (byte)(i * 31))];
        using var stream = new ReceivedStream(Length, TwiceAsync, e => e, default);
        using var read = new MemoryStream();
        await stream.CopyToAsync(read, TestContext.Current.CancellationToken);
        Assert.Equal(bytes, read.ToArray());

        async Task TwiceAsync(Stream target, CancellationToken stop)
        {
            await WriteAsync(target, [.. bytes.Take(77_777)], 1000, stop);
            target.SetLength(0);
            await WriteAsync(target, bytes, 1024, stop);
        }
    }

    [Fact]
    public async Task A_repeated_download_of_other_bytes_is_an_error()
    {
        using var stream = new ReceivedStream(Length, TwiceAsync, e => e, default);
        MlflowException e = await Assert.ThrowsAsync<MlflowException>(
            () => stream.CopyToAsync(Stream.Null, TestContext.Current.CancellationToken));
        Assert.Contains("changed during the download", e.Message);

        static async Task TwiceAsync(Stream target, CancellationToken stop)
        {
            await WriteAsync(target, new byte[5000], 1000, stop);
            target.SetLength(0);
            await WriteAsync(target, [.. Enumerable.Repeat((byte)1, Length)], 1024, stop);
        }
    }

    [Fact]
    public async Task An_artifact_without_content_ends_at_once()
    {
        using var stream = new ReceivedStream(0, (_, _) => Task.CompletedTask, e => e, default);
        Assert.Equal(0, await stream.ReadAsync(new byte[1], TestContext.Current.CancellationToken));
    }

    private static async Task<byte[]> ReadAsync(byte[] bytes, int size, CancellationToken cancellationToken)
    {
        using var stream = new ReceivedStream(
            bytes.Length, (target, stop) => WriteAsync(target, bytes, 7 * size, stop), e => e, cancellationToken);
        using var read = new MemoryStream();
        byte[] buffer = new byte[11 * size];
        for (int count; (count = await stream.ReadAsync(buffer, cancellationToken)) > 0;)
            read.Write(buffer, 0, count);
        return read.ToArray();
    }

    private static async Task WriteAsync(Stream target, byte[] bytes, int size, CancellationToken stop)
    {
        for (int offset = 0; offset < bytes.Length; offset += size)
            await target.WriteAsync(bytes.AsMemory(offset, Math.Min(size, bytes.Length - offset)), stop);
    }
}
