using Anovos.Mlflow.Artifacts;

namespace Anovos.Mlflow.Cloud;

/// <summary>Has a store copy an object in parts, several at once.</summary>
internal static class PartedCopy
{
    private const int Together = 4;
    private static readonly TimeSpan ToAbandon = TimeSpan.FromSeconds(5);

    /// <summary>Copies it; <paramref name="copied"/> is told the bytes of each part that is there.</summary>
    /// <exception cref="MlflowException">The store refused, or could not be reached.</exception>
    public static async Task RunAsync(ICopyTarget target, PartPlan plan, Action<long> copied, CancellationToken cancellationToken)
    {
        try
        {
            await target.BeginAsync(plan, cancellationToken).ConfigureAwait(false);
            await ParallelWork.RunAsync([.. Enumerable.Range(0, plan.Count)], Together, CopyAsync, cancellationToken).ConfigureAwait(false);
            await target.CompleteAsync(plan, cancellationToken).ConfigureAwait(false);
        }
        catch
        {
            // After a cancellation, too: nobody takes it up again, and a store charges for what it keeps.
            using var soon = new CancellationTokenSource(ToAbandon);
            await target.AbandonAsync(soon.Token).ConfigureAwait(false);
            throw;
        }

        async Task CopyAsync(int index, CancellationToken time)
        {
            await target.CopyPartAsync(plan, index, time).ConfigureAwait(false);
            copied(plan.LengthOf(index));
        }
    }
}
