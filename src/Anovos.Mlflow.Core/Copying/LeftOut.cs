namespace Anovos.Mlflow.Copying;

/// <summary>Is called for a part of the source that the target does not get.</summary>
/// <param name="kind">What it is: <c>Model</c>, <c>ModelMetric</c>, <c>ModelVersion</c>, <c>Alias</c>…</param>
/// <param name="name">Its id or name.</param>
/// <param name="reason">Why it is left out.</param>
internal delegate void LeftOut(string kind, string name, string reason);

/// <summary>The ids of copies at the target.</summary>
/// <param name="ExperimentAsync">Returns the experiment at the target; null for one that is not copied.</param>
/// <param name="RunAsync">
/// Returns the run at the target, created if it is to be copied and not there yet; null for one that is not copied.
/// </param>
internal sealed record CopiedIds(
    Func<string, CancellationToken, Task<string?>> ExperimentAsync, Func<string, CancellationToken, Task<string?>> RunAsync);
