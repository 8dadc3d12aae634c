using Anovos.Mlflow.Tracking;

namespace Anovos.Mlflow.StoreWriter;

/// <summary>What an operation of a writer does.</summary>
public enum Operation
{
    Batch,
    DeleteTag,
    Artifact,
    ExperimentAndRun,
    Update,
}

/// <summary>What one writer writes, operation by operation. The writer and who checks it work it out alike.</summary>
/// <param name="Number">The writer's number, in all that it writes.</param>
public sealed record Plan(int Number)
{
    public const string Experiment = "under fire";
    public const string SharedMetric = "shared/metric";
    public const long Start = 1_700_000_000_000;

    private const int StepsOfOneBatch = 1000;

    public string OwnMetric => $"own/{Number}";

    public static Operation Kind(int operation) => (operation % 7) switch
    {
        2 => Operation.DeleteTag,
        4 => Operation.Artifact,
        5 => Operation.ExperimentAndRun,
        6 => Operation.Update,
        _ => Operation.Batch,
    };

    /// <summary>A batch; one in four is many pages long, for that is where a write is cut when its process dies.</summary>
    public RunData Batch(int operation) => new()
    {
        Params = [.. Enumerable.Range(0, 4).Select(i => new Param($"p/{Number}/{operation}.{i}", Text(operation, 500)))],
        Metrics = [.. Enumerable.Range(0, (operation % 4) switch { 0 => 900, 1 => 1, 2 => 30, _ => 200 }).Select(i => new Metric(
            i % 2 == 0 ? OwnMetric : SharedMetric, Number + (i / 7.0), Start + Number, (operation * StepsOfOneBatch) + i))],
        Tags = [new(KeptTag(operation), Text(operation, 100)), new(StateTag, Text(operation, 7000))],
    };

    public string KeptTag(int operation) => $"kept.{Number}.{operation}";

    public string StateTag => $"state.{Number}";

    /// <summary>The name of the run, and of the experiment that an operation makes.</summary>
    public string Name(int operation) => $"named {Number} {operation}";

    /// <summary>Tags of a run or experiment that an operation makes: it has all of them, or is not there.</summary>
    public static Tag[] BirthTags() => [.. Enumerable.Range(0, 5).Select(i => new Tag($"birth/{i}", $"{i}"))];

    /// <summary>Two paths, one that every writer writes to.</summary>
    public string[] ArtifactPaths(int operation) => [$"data/{Number}/{operation % 3}.bin", $"data/shared/{operation % 2}.bin"];

    /// <summary>An artifact whose every line says which it is, and how many there are.</summary>
    public byte[] Artifact(int operation)
    {
        int lines = 1 + (operation * 7919 % 20_000);
        string line = $"{Number} {operation} {lines}\n";
        return [.. Enumerable.Repeat(System.Text.Encoding.ASCII.GetBytes(line), lines).SelectMany(bytes => bytes)];
    }

    private string Text(int operation, int length) => string.Concat(Enumerable.Repeat($"{Number}.{operation} ü\n", length)).Substring(0, length);
}
