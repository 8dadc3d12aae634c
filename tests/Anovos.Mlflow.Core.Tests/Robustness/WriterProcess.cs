using Anovos.Mlflow.StoreWriter;

namespace Anovos.Mlflow.Tests.Robustness;

/// <summary>A process that writes to a directory store or a database, and what it has said to have written.</summary>
internal sealed class WriterProcess(string root, int number, string? runId) : StoreProcess(root, $"{number}", runId ?? "-")
{
    public Plan Plan { get; } = new(number);

    /// <summary>Operations that it said were done; they are counted from 0.</summary>
    public int Done => Said.Count(line => line.StartsWith("done ", StringComparison.Ordinal));

    /// <summary>The run that it writes to; null when it did not say so.</summary>
    public string? RunId => After("run ");

    /// <summary>The experiment that all writers share; null when it did not say so.</summary>
    public string? ExperimentId => After("experiment ");

    /// <summary>The experiments it said it made, each with a run, by operation.</summary>
    public IEnumerable<(int Operation, string ExperimentId, string RunId)> Made => Said.Select(line => line.Split(' '))
        .Where(words => words.Length == 4).Select(words => (int.Parse(words[1]), words[2], words[3]));

    private string? After(string word) =>
        Said.FirstOrDefault(line => line.StartsWith(word, StringComparison.Ordinal))?.Substring(word.Length);
}
