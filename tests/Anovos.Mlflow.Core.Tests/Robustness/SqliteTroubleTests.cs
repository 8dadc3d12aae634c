using System.Diagnostics;
using Anovos.Mlflow.Tests.Tracking;
using Anovos.Mlflow.Tracking;

namespace Anovos.Mlflow.Tests.Robustness;

/// <summary>Databases that are damaged, foreign, not writable, or on a full disk: each is an error that says what to do.</summary>
public sealed class SqliteTroubleTests : IDisposable
{
    private const long Start = 1_700_000_000_000;

    private readonly TemporaryFolder _folder = new();

    private string FilePath => _folder.Below("mlflow.db");

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("this is a text file, and not a short one either: it is longer than the header of a database, which has 100 bytes.")]
    [InlineData("short")]
    public async Task A_file_that_is_not_a_database_is_refused_and_stays_as_it_is(string content)
    {
        await File.WriteAllTextAsync(FilePath, content);
        using var store = new SqliteStore(FilePath);

        await FailsBothWaysAsync(store, "is not a SQLite database");
        Assert.Equal(content, await File.ReadAllTextAsync(FilePath));
    }

    [Fact]
    public async Task A_database_of_something_else_is_refused_and_stays_as_it_is()
    {
        await RunOtherAsync("CREATE TABLE cars (id INTEGER); CREATE TABLE alembic_version (version_num TEXT)");
        byte[] before = await File.ReadAllBytesAsync(FilePath);
        using var store = new SqliteStore(FilePath);

        await FailsBothWaysAsync(store, "'experiments'");
        Assert.Equal(before, await File.ReadAllBytesAsync(FilePath));
    }

    [Fact]
    public async Task An_empty_file_becomes_a_store()
    {
        await File.WriteAllBytesAsync(FilePath, []);
        using var store = new SqliteStore(FilePath);

        Assert.Empty((await store.SearchExperimentsAsync(new(), null, default)).Items);
        await store.CreateRunAsync(new("0", null, "me", Start), default);
        Assert.Single((await store.SearchExperimentsAsync(new(), null, default)).Items);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public async Task A_damaged_file_is_an_error_that_names_it_or_reads(int seed)
    {
        var random = new Random(seed);
        using var store = new SqliteStore(FilePath);
        Run run = await store.CreateRunAsync(new("0", null, "me", Start), default);
        for (int first = 0; first < 1000; first += 100)
            await store.LogBatchAsync(run.RunId, Points(first), default);
        byte[] whole = await File.ReadAllBytesAsync(FilePath);
        int damaged = 0;
        for (int i = 0; i < 40; i++)
        {
            byte[] bytes = [.. whole];
            for (int at = random.Next(0, bytes.Length), end = Math.Min(bytes.Length, at + random.Next(1, 5000)); at < end; at++)
                bytes[at] = (byte)random.Next(256);
            await File.WriteAllBytesAsync(FilePath, random.Next(4) == 0 ? [.. bytes.Take(random.Next(bytes.Length))] : bytes);
            foreach (Func<Task> action in new Func<Task>[]
            {
                () => store.SearchRunsAsync(new(["0"], "metrics.m > 0"), null, default),
                () => store.GetMetricHistoryAsync(run.RunId, "m", null, default),
                () => store.LogBatchAsync(run.RunId, new() { Metrics = [new("m", i, Start + 1, i)], Tags = [new("t", "1")] }, default),
            })
            {
                if (await Record.ExceptionAsync(action) is not { } failure)
                    continue;
                damaged++;
                MlflowException said = Assert.IsType<MlflowException>(failure);
                Assert.Contains(said.Kind == ErrorKind.RunNotFound ? run.RunId : FilePath, said.Message, StringComparison.Ordinal);
            }
        }

        Assert.True(damaged > 0);
    }

    [Fact]
    public async Task A_folder_in_the_place_of_the_file_is_an_error()
    {
        Directory.CreateDirectory(FilePath);
        using var store = new SqliteStore(FilePath);

        MlflowException failure = await Assert.ThrowsAsync<MlflowException>(
            () => store.CreateRunAsync(new("0", null, "me", Start), default));

        Assert.Equal(ErrorKind.StoreInvalid, failure.Kind);
        Assert.Contains(FilePath, failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_full_disk_loses_nothing_that_was_stored()
    {
        using Mount disk = Mount.OfSize(_folder.Below("disk"), "2m");
        using var store = new SqliteStore(Path.Combine(disk.Folder, "mlflow.db"));
        string run = (await store.CreateRunAsync(new("0", null, "me", Start), default)).RunId;

        int stored = 0;
        MlflowException failure = await Assert.ThrowsAsync<MlflowException>(async () =>
        {
            for (; ; stored += 100)
                await store.LogBatchAsync(run, Points(stored), default);
        });

        Assert.Equal(ErrorKind.StoreInvalid, failure.Kind);
        Assert.Contains("disk is full", failure.Message, StringComparison.Ordinal);
        Assert.InRange(stored, 100, 1_000_000);
        using (var copy = new SqliteStore(_folder.Below("copy.db")))
        {
            File.Copy(store.Database.Path, copy.Database.Path);
            await AssertIntactAsync(copy);
            Assert.Equal(stored, (await copy.GetMetricHistoryAsync(run, "m", null, default)).Items.Count);
        }

        disk.Resize("20m");
        await store.LogBatchAsync(run, Points(stored), default);
        await AssertIntactAsync(store);
        Assert.Equal(stored + 100, (await store.GetMetricHistoryAsync(run, "m", null, default)).Items.Count);
    }

    [Fact]
    public async Task A_read_only_file_is_read_and_a_write_is_an_error_that_says_so()
    {
        using Mount disk = Mount.OfSize(_folder.Below("disk"), "5m");
        using var store = new SqliteStore(Path.Combine(disk.Folder, "mlflow.db"));
        string run = (await store.CreateRunAsync(new("0", "named", "me", Start), default)).RunId;
        disk.MakeReadOnly();

        Assert.Equal("named", (await store.GetRunAsync(run, default)).RunName);
        MlflowException failure = await Assert.ThrowsAsync<MlflowException>(
            () => store.UpdateRunAsync(new(run, RunStatus.Finished), default));

        Assert.Equal(ErrorKind.PermissionDenied, failure.Kind);
        Assert.Contains(store.Database.Path, failure.Message, StringComparison.Ordinal);
        Assert.Contains("cannot be written", failure.Message, StringComparison.Ordinal);
    }

    private static RunData Points(int first) =>
        new() { Metrics = [.. Enumerable.Range(first, 100).Select(i => new Metric("m", i, Start, i))] };

    private static async Task AssertIntactAsync(SqliteStore store) => Assert.Equal(
        ["ok"], await store.Database.ReadAsync(session => session.Query("PRAGMA integrity_check", row => row.GetString(0)), default));

    private async Task FailsBothWaysAsync(SqliteStore store, string what)
    {
        foreach (bool writes in new[] { false, true })
        {
            MlflowException failure = await Assert.ThrowsAsync<MlflowException>(() => writes
                ? store.CreateRunAsync(new("0", null, "me", Start), default)
                : store.SearchExperimentsAsync(new(), null, default));
            Assert.Equal(ErrorKind.StoreInvalid, failure.Kind);
            Assert.Contains(FilePath, failure.Message, StringComparison.Ordinal);
            Assert.Contains(what, failure.Message, StringComparison.Ordinal);
        }
    }

    private async Task RunOtherAsync(string sql)
    {
        SqliteLibrary.Load();
        using var connection = new Microsoft.Data.Sqlite.SqliteConnection($"Data Source={FilePath};Pooling=False");
        connection.Open();
        using Microsoft.Data.Sqlite.SqliteCommand command = connection.CreateCommand();
        command.CommandText = sql;
        await command.ExecuteNonQueryAsync();
    }

    /// <summary>A small disk in memory, which only root on Linux can mount.</summary>
    private sealed class Mount : IDisposable
    {
        private Mount(string folder) => Folder = folder;

        public string Folder { get; }

        public static Mount OfSize(string folder, string size)
        {
            Assert.SkipUnless(OperatingSystem.IsLinux(), "tmpfs is of Linux");
            Directory.CreateDirectory(folder);
            Assert.SkipUnless(Try("mount", "-t", "tmpfs", "-o", $"size={size}", "tmpfs", folder), "this user cannot mount a disk");
            return new Mount(folder);
        }

        public void Resize(string size) => Assert.True(Try("mount", "-o", $"remount,size={size}", Folder));

        public void MakeReadOnly() => Assert.True(Try("mount", "-o", "remount,ro", Folder));

        public void Dispose() => Try("umount", Folder);

        private static bool Try(string program, params string[] arguments)
        {
            ProcessStartInfo start = ProcessStart.Of(program, arguments);
            start.RedirectStandardError = true;
            using var process = Process.Start(start)!;
            process.WaitForExit();
            return process.ExitCode == 0;
        }
    }
}
