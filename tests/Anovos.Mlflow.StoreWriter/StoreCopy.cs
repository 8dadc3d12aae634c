using Anovos.Mlflow.Copying;
using Anovos.Mlflow.Http;
using Anovos.Mlflow.Stores;
using Anovos.Mlflow.Tracking;

namespace Anovos.Mlflow.StoreWriter;

/// <summary>Copies all experiments of a store into another one, with a line when it begins and one for each run.</summary>
internal static class StoreCopy
{
    public static async Task RunAsync(string from, string to)
    {
        Console.WriteLine("up");
        using ITrackingStore source = Open(from), target = Open(to);
        var copier = new StoreCopier(source, target, new CopyOptions());
        foreach (Experiment experiment in (await source.SearchExperimentsAsync(new ExperimentSearch(), null, default)).Items)
            await copier.AddAsync(experiment, null, ViewType.All, default);
        await copier.CopyAsync(row => Console.WriteLine($"{row.Status} {row.RunName} {row.Reason}"), default);
    }

    private static ITrackingStore Open(string place) => place.StartsWith("http", StringComparison.Ordinal)
        ? new RestStore(new Uri(place), new ConnectionOptions())
        : Path.GetExtension(place) == ".db" ? new SqliteStore(place) : new DirectoryStore(place);
}
