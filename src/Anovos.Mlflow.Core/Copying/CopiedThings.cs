using Anovos.Mlflow.Tracking;

namespace Anovos.Mlflow.Copying;

/// <summary>Finds the copies, at the target, of what versions of registered models refer to.</summary>
/// <param name="RunAsync">Returns the copy of a run of the source, or null if there is none.</param>
/// <param name="ModelAsync">Returns the copy of a logged model of the source, or null if there is none.</param>
internal sealed record CopiedThings(
    Func<string, CancellationToken, Task<Run?>> RunAsync, Func<string, CancellationToken, Task<LoggedModel?>> ModelAsync);
