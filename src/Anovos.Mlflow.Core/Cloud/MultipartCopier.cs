using Anovos.Mlflow.Artifacts;

namespace Anovos.Mlflow.Cloud;

/// <summary>Runs a server-side copy in concurrent parts.</summary>
internal static class MultipartCopier
{
    private const int Parallelism = 4;
    private static readonly TimeSpan AbortTimeout = TimeSpan.FromSeconds(5);

    /// <summary>Copies the object. Calls <paramref name="copied"/> with the bytes of each part that was copied.</summary>
    /// <exception cref="MlflowException">The store denied it, or could not be reached.</exception>
    public static async Task RunAsync(IMultipartCopy target, PartPlan plan, Action<long> copied, CancellationToken cancellationToken)
    {
        try
        {
            await target.CreateAsync(plan, cancellationToken).ConfigureAwait(false);
            await ParallelWork.RunAsync([.. Enumerable.Range(0, plan.Count)], Parallelism, CopyAsync, cancellationToken).ConfigureAwait(false);
            await target.CompleteAsync(plan, cancellationToken).ConfigureAwait(false);
        }
        catch
        {
            // Also after a cancellation: a copy is not resumed, and stores charge for parts.
            using var soon = new CancellationTokenSource(AbortTimeout);
            await target.AbortAsync(soon.Token).ConfigureAwait(false);
            throw;
        }

        async Task CopyAsync(int index, CancellationToken time)
        {
            await target.CopyPartAsync(plan, index, time).ConfigureAwait(false);
            copied(plan.LengthOf(index));
        }
    }
}
