using Anovos.Mlflow.Artifacts;
using Anovos.Mlflow.Stores;
using Anovos.Mlflow.StoreWriter;
using Anovos.Mlflow.Tracking;

// Writes to a local store until it is killed or its input ends. After each thing done it says so on a line of its own,
// and what it said must be in the store whatever happens to it next.
// Arguments: the store's folder or database, the writer's number, the run to write to ("-": a new one);
// or "copy" and the stores to copy from and to.
if (args[0] == "copy")
{
    await StoreCopy.RunAsync(args[1], args[2]);
    return;
}

(string root, Plan plan, string runId) = (args[0], new Plan(int.Parse(args[1])), args[2]);
using ITrackingStore store = Path.GetExtension(root) == ".db" ? new SqliteStore(root) : new DirectoryStore(root);
using var output = new StreamWriter(Console.OpenStandardOutput()) { AutoFlush = true };

Task<int> stop = Task.Run(Console.In.Read);
output.WriteLine("up");

string experimentId = await PatientlyAsync(FindOrCreateAsync);
output.WriteLine($"experiment {experimentId}");
if (runId == "-")
{
    var first = new NewRun(experimentId, "first", "me", Plan.Start) { Tags = Plan.BirthTags() };
    runId = (await PatientlyAsync(() => store.CreateRunAsync(first, default))).RunId;
}

output.WriteLine($"run {runId}");

using IArtifactStore artifacts = ArtifactStores.Open(await PatientlyAsync(() => store.GetRunAsync(runId, default)), store);
for (int operation = 0; !stop.IsCompleted; operation++)
    output.WriteLine($"done {operation}{await PatientlyAsync(() => DoAsync(operation))}");

// On a busy machine other writers may keep a database for longer than an operation waits.
async Task<T> PatientlyAsync<T>(Func<Task<T>> work)
{
    while (true)
    {
        try
        {
            return await work();
        }
        catch (Anovos.Mlflow.MlflowException e) when (e.IsTransient)
        {
        }
    }
}

async Task<string> FindOrCreateAsync()
{
    if (await store.FindExperimentAsync(Plan.Experiment, default) is { } found)
        return found.ExperimentId;
    try
    {
        return await store.CreateExperimentAsync(new(Plan.Experiment) { Tags = Plan.BirthTags() }, default);
    }
    catch (Anovos.Mlflow.MlflowException e) when (e.Kind == Anovos.Mlflow.ErrorKind.ExperimentExists)
    {
        return (await store.FindExperimentAsync(Plan.Experiment, default))!.ExperimentId;
    }
}

async Task<string> DoAsync(int operation)
{
    switch (Plan.Kind(operation))
    {
        case Operation.Batch:
            await store.LogBatchAsync(runId, plan.Batch(operation), default);
            return "";
        case Operation.DeleteTag:
            await store.DeleteTagAsync(runId, plan.KeptTag(operation - 1), default);
            return "";
        case Operation.Artifact:
            string source = Path.Combine(Path.GetDirectoryName(root)!, $"artifact-{plan.Number}");
            await File.WriteAllBytesAsync(source, plan.Artifact(operation));
            foreach (string path in plan.ArtifactPaths(operation))
                await artifacts.SendAsync(new FileSource(new FileInfo(source)), path, _ => { }, default);
            return "";
        case Operation.ExperimentAndRun:
            string made = await store.CreateExperimentAsync(new(plan.Name(operation)) { Tags = Plan.BirthTags() }, default);
            Run run = await store.CreateRunAsync(new(made, plan.Name(operation), "me", Plan.Start) { Tags = Plan.BirthTags() }, default);
            return $" {made} {run.RunId}";
        default:
            await store.UpdateRunAsync(new(runId, RunStatus.Finished, Plan.Start + operation, plan.Name(operation)), default);
            return "";
    }
}
