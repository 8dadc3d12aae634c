using Anovos.Mlflow.Tracking;

namespace Anovos.Mlflow.Tests.Tracking;

/// <summary>Tests several writers at the same time, for every store on this machine. Each writer has its own store.</summary>
public abstract class StoreConcurrencyContract
{
    protected const int Writers = 6;
    protected const long Start = 1_700_000_000_000;

    [Fact]
    public async Task Writers_that_create_the_same_experiment_end_in_one()
    {
        string?[] made = await Together(async (store, _) =>
        {
            try
            {
                return await store.CreateExperimentAsync(new("same"), default);
            }
            catch (MlflowException failure) when (failure.Kind == ErrorKind.ExperimentExists)
            {
                return null;
            }
        });

        string id = Assert.Single(made.OfType<string>());
        using ITrackingStore store = OpenStore();
        Assert.Equal(id, (await store.FindExperimentAsync("same", default))!.ExperimentId);
        Assert.Equal(2, (await store.SearchExperimentsAsync(new(), null, default)).Items.Count);
    }

    [Fact]
    public async Task Writers_that_create_the_store_itself_at_once_all_get_their_run()
    {
        string[] runs = await Together(async (store, _) => (await store.CreateRunAsync(new("0", null, "me", Start), default)).RunId);

        using ITrackingStore store = OpenStore();
        Page<Run> found = await store.SearchRunsAsync(new(["0"]), null, default);
        Assert.Equal(runs.Order(), found.Items.Select(run => run.RunId).Order());
    }

    [Fact]
    public async Task Only_one_of_two_values_becomes_a_param()
    {
        using ITrackingStore store = OpenStore();
        string run = (await store.CreateRunAsync(new("0", null, "me", Start), default)).RunId;

        string?[] winners = await Together(async (writer, number) =>
        {
            try
            {
                await writer.LogBatchAsync(run, new() { Params = [new("p", $"{number}")] }, default);
                return $"{number}";
            }
            catch (MlflowException failure) when (failure.Kind == ErrorKind.ParameterConflict)
            {
                return null;
            }
        });

        Assert.Equal(Assert.Single(winners.OfType<string>()), (await store.GetRunAsync(run, default)).Params["p"]);
    }

    protected abstract ITrackingStore OpenStore();

    protected async Task<T[]> Together<T>(Func<ITrackingStore, int, Task<T>> work) => await Task.WhenAll(
        Enumerable.Range(0, Writers).Select(number => Task.Run(async () =>
        {
            using ITrackingStore store = OpenStore();
            return await work(store, number);
        })));
}
