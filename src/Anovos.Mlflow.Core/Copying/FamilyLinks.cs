using Anovos.Mlflow.Stores;
using Anovos.Mlflow.Tracking;

namespace Anovos.Mlflow.Copying;

/// <summary>Computes the tags of a copy: the tags of its source, with the ids of other runs replaced by their ids at the target.</summary>
/// <param name="runs">The copies.</param>
/// <param name="isSelected">Returns whether this copy includes a run of the source.</param>
/// <param name="options">The options, which say whether ids are kept.</param>
internal sealed class FamilyLinks(RunMap runs, Func<string, bool> isSelected, CopyOptions options)
{
    private const string RootRunId = "mlflow.rootRunId";

    /// <summary>
    /// Returns the tags to write. Links to runs that the target does not have are kept in separate tags and listed as missing.
    /// </summary>
    public async Task<List<Tag>> TagsAsync(Run run, Run there, MissingList missing, CancellationToken cancellationToken)
    {
        List<Tag> tags = [];
        foreach (KeyValuePair<string, string> tag in run.Tags)
        {
            switch (tag.Key)
            {
                case RunTags.ParentRunId when !options.KeepIds:
                    await LinkAsync(tag.Key, tag.Value, "Parent", CopyTags.SourceParentRunId).ConfigureAwait(false);
                    break;
                case RootRunId when !options.KeepIds:
                    await LinkAsync(tag.Key, tag.Value, "Root", CopyTags.SourceRootRunId).ConfigureAwait(false);
                    break;
                case CopyTags.ModelHistory when !options.KeepIds:
                    tags.Add(new Tag(tag.Key, tag.Value.Replace(run.RunId, there.RunId)));
                    break;
                case RestStore.IdempotencyKeyTag when there.Tags.ContainsKey(tag.Key):
                    break;
                case var _ when options.KeepIds ? OfflineTags.IsLocal(tag.Key) && options.Offline : CopyTags.IsOwn(tag.Key):
                    break;
                default:
                    tags.Add(new Tag(tag.Key, tag.Value));
                    break;
            }
        }

        return tags;

        async Task LinkAsync(string key, string runId, string kind, string sourceKey)
        {
            string? id = runId == run.RunId ? there.RunId : await FindAsync(
                runId, there.ExperimentId, cancellationToken).ConfigureAwait(false);
            if (id is not null)
            {
                tags.Add(new Tag(key, id));
                return;
            }

            tags.Add(new Tag(sourceKey, runId));
            missing.Add(
                kind, runId,
                $"The target does not have this run, so its id is kept in the tag {sourceKey}. Copy that run, then copy this one again.");
        }
    }

    private async Task<string?> FindAsync(string runId, string experimentId, CancellationToken cancellationToken)
    {
        if (!isSelected(runId))
            return await runs.FindOtherAsync(runId, experimentId, cancellationToken).ConfigureAwait(false);
        try
        {
            return (await runs.EnsureAsync(runId, cancellationToken).ConfigureAwait(false)).RunId;
        }
        catch (MlflowException e) when (!e.EndsOperation())
        {
            // That run's own result has the error.
            return null;
        }
    }
}
