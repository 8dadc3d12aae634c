using Anovos.Mlflow.Artifacts;
using Anovos.Mlflow.Tests.Tracking;
using Anovos.Mlflow.Tracking;

namespace Anovos.Mlflow.Tests.Common;

/// <summary>Waits for files that other programs have open, and errors that name the file if that takes too long.</summary>
public sealed class BusyFileTests : IDisposable
{
    private static readonly CancellationToken Never = CancellationToken.None;

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    // The codes of Windows, Linux and macOS, and those of ReplaceFile.
    [Theory]
    [InlineData(unchecked((int)0x80070020))]
    [InlineData(unchecked((int)0x80070021))]
    [InlineData(11)]
    [InlineData(35)]
    [InlineData(unchecked((int)0x80070497))]
    [InlineData(unchecked((int)0x80070498))]
    public void What_fails_because_a_file_is_busy_is_repeated(int code)
    {
        int attempts = 0;
        BusyFile.Open("file", () => Fail(new IOException("busy", code), ++attempts, times: 3), Never);
        Assert.Equal(4, attempts);
        attempts = 0;
        BusyFile.Replace("file", () => Fail(new IOException("busy", code), ++attempts, times: 3), Never);
        Assert.Equal(4, attempts);
    }

    [Fact]
    public void Windows_denies_the_access_to_a_file_that_is_to_be_replaced_and_has_a_reader()
    {
        Exception[] denied = [new UnauthorizedAccessException(), new IOException("denied", unchecked((int)0x80070005))];
        foreach (Exception e in denied)
        {
            int attempts = 0;
            BusyFile.Replace("file", () => Fail(e, ++attempts, times: 3), Never, onWindows: true);
            Assert.Equal(4, attempts);
            attempts = 0;
            Assert.Same(e, Record.Exception(() => BusyFile.Replace("file", () => Fail(e, ++attempts, times: 3), Never, onWindows: false)));
            Assert.Equal(1, attempts);
        }
    }

    [Fact]
    public void A_file_that_may_only_be_read_is_not_waited_for()
    {
        string path = _folder.Below("file");
        File.WriteAllText(path, "text");
        File.SetAttributes(path, FileAttributes.ReadOnly);
        int attempts = 0;
        Assert.Throws<UnauthorizedAccessException>(
            () => BusyFile.Replace(path, () => Fail(new UnauthorizedAccessException(), ++attempts, times: 3), Never, onWindows: true));
        Assert.Equal(1, attempts);
        File.SetAttributes(path, FileAttributes.Normal);
    }

    [Fact]
    public void Another_failure_is_not_repeated()
    {
        int attempts = 0;
        Assert.Throws<FileNotFoundException>(
            () => BusyFile.Open("file", () => Fail(new FileNotFoundException(), ++attempts, times: 3), Never));
        Assert.Equal(1, attempts);
    }

    [Fact]
    public void The_file_is_named_when_the_time_is_over()
    {
        IOException e = Assert.Throws<IOException>(
            () => BusyFile.Open("/store/meta.yaml", () => throw new IOException("busy", 11), Never, patience: TimeSpan.Zero));
        Assert.Equal("Another program has kept /store/meta.yaml open for 0 seconds. Close it there, or try again.", e.Message);
    }

    [Fact]
    public void Cancelling_ends_the_wait()
    {
        using var cancel = new CancellationTokenSource();
        Assert.ThrowsAny<OperationCanceledException>(() => BusyFile.Open("file", Busy, cancel.Token, TimeSpan.FromDays(1)));

        void Busy()
        {
            cancel.Cancel();
            throw new IOException("busy", 11);
        }
    }

    [Fact]
    public async Task A_metadata_file_that_another_program_keeps_open_is_waited_for()
    {
        using var store = new DirectoryStore(_folder.Below("mlruns"));
        Run run = await store.CreateRunAsync(new("0", null, "me", 0), Never);
        string meta = store.MetaFileOf(run.RunId);

        // Simulates another program with exclusive access: on Unix an advisory lock, which .NET respects.
        Task<Run> reading;
        using (new FileStream(meta, FileMode.Open, FileAccess.ReadWrite, FileShare.None))
        {
            reading = store.GetRunAsync(run.RunId, Never);
            await Task.WhenAny(reading, Task.Delay(50, Never));
            Assert.False(reading.IsCompleted);
        }

        Assert.Equal(run.RunId, (await reading).RunId);

        using (new FileStream(meta, FileMode.Open, FileAccess.ReadWrite, FileShare.None))
        {
            MlflowException e = await Assert.ThrowsAsync<MlflowException>(() => store.GetRunAsync(run.RunId, Never));
            Assert.Equal(ErrorKind.StoreInvalid, e.Kind);
            Assert.Contains($"Another program has kept {meta} open for 5 seconds.", e.Message);
            using var cancel = new CancellationTokenSource();
            Task<Run> cancelled = store.GetRunAsync(run.RunId, cancel.Token);
            cancel.CancelAfter(50);
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => cancelled);
        }
    }

    [Fact]
    public async Task A_file_that_somebody_reads_is_replaced_when_the_reader_is_done()
    {
        Assert.SkipUnless(OperatingSystem.IsWindows(), "Only Windows keeps a file in place while it is read.");
        using var store = new LocalArtifactStore(_folder.Below("artifacts"));
        File.WriteAllText(_folder.Below("file"), "new");
        Directory.CreateDirectory(store.Root);
        string target = Path.Combine(store.Root, "file");
        File.WriteAllText(target, "old");
        Task<ArtifactContent?> sending;
        using (new FileStream(target, FileMode.Open, FileAccess.Read, FileShare.Read))
        {
            sending = store.SendAsync(new FileSource(new FileInfo(_folder.Below("file"))), "file", _ => { }, Never);
            await Task.WhenAny(sending, Task.Delay(200, Never));
            Assert.False(sending.IsCompleted);
        }

        await sending;
        Assert.Equal("new", File.ReadAllText(target));
    }

    private static void Fail(Exception e, int attempt, int times)
    {
        if (attempt <= times)
            throw e;
    }
}
