using Anovos.Mlflow.Tests.Tracking;
using Anovos.Mlflow.Tracking;

namespace Anovos.Mlflow.Tests.Robustness;

/// <summary>
/// <c>kill -9</c> at any moment leaves a store that reads, with everything that was acknowledged, and that others go on with.
/// <c>ANOVOS_TEST_KILLS</c> asks for more kills than the ten of every day.
/// </summary>
public sealed class KillTests(ITestOutputHelper output)
{
    private const int KillsOfOneStore = 10;

    public static TheoryData<int> Seeds()
    {
        int kills = int.TryParse(Environment.GetEnvironmentVariable("ANOVOS_TEST_KILLS"), out int asked) ? asked : KillsOfOneStore;
        return [.. Enumerable.Range(1, Math.Max(1, (kills + KillsOfOneStore - 1) / KillsOfOneStore))];
    }

    [Theory]
    [MemberData(nameof(Seeds))]
    public async Task A_store_whose_writers_are_killed_has_all_that_they_acknowledged(int seed)
    {
        using var folder = new TemporaryFolder();
        string root = folder.Below("mlruns");

        string done = await KillAsync(seed, root, CheckAsync);

        int left = Directory.EnumerateFiles(root, "*.tmp", SearchOption.AllDirectories).Count();
        output.WriteLine($"{done}, {left} temporary files left");

        async Task CheckAsync(List<WriterProcess> writers)
        {
            using var store = new DirectoryStore(root);
            await new StoreAudit(store, writers).RunAsync();
        }
    }

    [Theory]
    [MemberData(nameof(Seeds))]
    public async Task A_database_whose_writers_are_killed_is_intact_and_has_all_that_they_acknowledged(int seed)
    {
        using var folder = new TemporaryFolder();
        string path = folder.Below("mlflow.db");
        int checks = 0;

        string done = await KillAsync(seed, path, CheckAsync);

        output.WriteLine($"{done}, {checks} times intact{(MlflowPython.IsThere ? " and read by MLflow" : "")}");

        async Task CheckAsync(List<WriterProcess> writers)
        {
            using var store = new SqliteStore(path);
            if (!store.Exists)
                return;
            await store.Database.ReadAsync(session =>
            {
                Assert.Equal(["ok"], session.Query("PRAGMA integrity_check", row => row.GetString(0)));
                Assert.Empty(session.Query("PRAGMA foreign_key_check", row => row.GetString(0)));
                return true;
            }, default);
            await new StoreAudit(store, writers).RunAsync();
            if (MlflowPython.IsThere)
                Assert.Equal(await StoreContent.ReadAsync(store), await MlflowPython.ReadAsync(store.TrackingUri));
            checks++;
        }
    }

    private static async Task<string> KillAsync(int seed, string root, Func<List<WriterProcess>, Task> check)
    {
        var random = new Random(seed);
        var writers = new List<WriterProcess>();
        try
        {
            for (int kills = 0; kills < KillsOfOneStore;)
            {
                kills += await RoundAsync(root, writers, random, KillsOfOneStore - kills);
                await check(writers);
            }

            await GoOnAsync(root, writers);
            await check(writers);
            int operations = writers.Sum(writer => writer.Done);
            return $"seed {seed}: {KillsOfOneStore} of {writers.Count} writers killed, {operations} operations acknowledged";
        }
        finally
        {
            writers.ForEach(writer => writer.Dispose());
        }
    }

    // Some writers on one run and one experiment, of which one at least is killed, now while it starts, now while it writes.
    private static async Task<int> RoundAsync(string root, List<WriterProcess> writers, Random random, int killsLeft)
    {
        string? run = writers.Select(writer => writer.RunId).FirstOrDefault(id => id is not null);
        int count = random.Next(1, 4);
        WriterProcess[] together = [.. Enumerable.Range(writers.Count, count).Select(number => new WriterProcess(root, number, run))];
        writers.AddRange(together);
        int victims = Math.Min(killsLeft, random.Next(1, together.Length + 1));
        foreach (WriterProcess victim in together.Take(victims))
        {
            await victim.SaysAsync(random.Next(1, 20));
            await Task.Delay(random.Next(0, 30));
            await victim.KillAsync();
        }

        foreach (WriterProcess other in together.Skip(victims))
        {
            await other.SaysAsync(4);
            await other.StopAsync();
        }

        return victims;
    }

    // No lock outlives its process: one more writer does all that a writer does.
    private static async Task GoOnAsync(string root, List<WriterProcess> writers)
    {
        string? run = writers.Select(writer => writer.RunId).FirstOrDefault(id => id is not null);
        var last = new WriterProcess(root, writers.Count, run);
        writers.Add(last);
        await last.SaysAsync(12);
        await last.StopAsync();
        Assert.True(last.Done >= 9);
    }
}
