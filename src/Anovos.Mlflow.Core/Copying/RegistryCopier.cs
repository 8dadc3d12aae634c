using Anovos.Mlflow.Registry;
using Anovos.Mlflow.Tracking;

namespace Anovos.Mlflow.Copying;

/// <summary>Copies the registered models of one store to another. Call it after the runs are copied.</summary>
/// <param name="source">The store that is read.</param>
/// <param name="target">The store that is written.</param>
/// <param name="copies">The copies of runs and logged models.</param>
/// <param name="options">The options of the copy.</param>
internal sealed class RegistryCopier(ITrackingStore source, ITrackingStore target, CopiedThings copies, ModelCopyOptions options)
{
    /// <summary>Checks that both stores have a model registry.</summary>
    /// <exception cref="MlflowException">
    /// <see cref="ErrorKind.NotSupported"/> for a folder as the target; a registry cannot be reached.
    /// </exception>
    public async Task CheckAsync(CancellationToken cancellationToken)
    {
        Open();
        foreach (ModelRegistry registry in new[] { ModelRegistry.ToCopyFrom(source), ModelRegistry.Of(target) })
            await registry.Models.SearchAsync(null, 1, null, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Copies the selected versions with their models.</summary>
    /// <inheritdoc cref="StoreCopier.CopyModelsAsync"/>
    public async Task<int> CopyAsync(Action<ModelResult> completed, CancellationToken cancellationToken)
    {
        ModelCopier copier = Open();
        IReadOnlyList<string> names = await ModelCopier.NamesAsync(
            ModelRegistry.ToCopyFrom(source), cancellationToken).ConfigureAwait(false);
        var results = names.ToDictionary(name => name, name => new ModelResult { Name = name, Status = "Failed" });
        int passedOver = 0;

        // A version that was created from a version of another model needs that one first.
        bool isLast = false;
        while (names.Count > 0)
        {
            List<string> waiting = [];
            bool isProgress = false;
            foreach (string name in names)
            {
                (ModelResult? result, bool waits) = await CopyAsync(copier, results[name], cancellationToken).ConfigureAwait(false);
                if (result is null)
                {
                    passedOver++;
                    continue;
                }

                isProgress |= result.Versions > results[name].Versions;
                results[name] = result;
                if (waits && !isLast)
                    waiting.Add(name);
                else
                    completed(result);
            }

            (names, isLast) = (waiting, !isProgress);
        }

        return passedOver;
    }

    // The result adds to that of an earlier pass. It is null for a model without a selected version.
    private static async Task<(ModelResult? Result, bool Waits)> CopyAsync(
        ModelCopier copier, ModelResult before, CancellationToken cancellationToken)
    {
        var missing = new MissingList();
        try
        {
            CopiedModel? copied = await copier.CopyAsync(before.Name, missing.Add, cancellationToken).ConfigureAwait(false);
            if (copied is null)
                return (null, false);
            ModelResult result = before with
            {
                Status = missing.Count == 0 ? "Synced" : "Incomplete",
                Versions = before.Versions + copied.Created,
                Aliases = before.Aliases + copied.Aliases,
                Missing = missing.Items,
                Reason = missing.Summarize(),
            };
            return (result, copied.Waits);
        }
        catch (MlflowException e) when (!e.EndsOperation())
        {
            return (before with { Status = "Failed", Missing = missing.Items, Reason = e.Message, Error = e }, false);
        }
    }

    private ModelCopier Open()
    {
        if (target.As<DirectoryStore>() is not null)
        {
            throw new MlflowException(
                ErrorKind.NotSupported,
                $"{target.TrackingUri} is a folder, and a folder has no model registry to copy into. Copy without -Model, or into a database or a "
                + "server.")
            { Target = target.TrackingUri };
        }

        return new ModelCopier(ModelRegistry.ToCopyFrom(source), ModelRegistry.Of(target), copies, options);
    }
}
