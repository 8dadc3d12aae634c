namespace Anovos.Mlflow.Copying;

/// <summary>Called for a part of the source that is not copied.</summary>
/// <param name="kind">The kind of part: <c>Model</c>, <c>ModelMetric</c>, <c>ModelVersion</c>, <c>Alias</c>…</param>
/// <param name="name">Its id or name.</param>
/// <param name="reason">The reason.</param>
internal delegate void LeftOut(string kind, string name, string reason);

/// <summary>Finds the ids of copies at the target.</summary>
/// <param name="ExperimentAsync">Returns the experiment at the target, or null if it is not copied.</param>
/// <param name="RunAsync">
/// Returns the run at the target, or null if it is not copied. Creates the run if it is part of the copy and does not exist yet.
/// </param>
internal sealed record CopiedIds(
    Func<string, CancellationToken, Task<string?>> ExperimentAsync, Func<string, CancellationToken, Task<string?>> RunAsync);
