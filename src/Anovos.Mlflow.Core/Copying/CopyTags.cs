using System.Security.Cryptography;
using System.Text;
using Anovos.Mlflow.Stores;
using Anovos.Mlflow.Tracking;

namespace Anovos.Mlflow.Copying;

/// <summary>The tags that a copy has in addition to those of its source, and the tags that are not copied.</summary>
internal static class CopyTags
{
    /// <summary>The source's tracking URI. Copies of older versions have none.</summary>
    public const string SourceUri = "anovos.mlflow.sync.sourceTrackingUri";

    /// <summary>A hash of the source's state when the copy was complete.</summary>
    public const string State = "anovos.mlflow.sync.sourceState";

    /// <summary>The missing parts, as JSON.</summary>
    public const string Missing = "anovos.mlflow.sync.missing";

    /// <summary>The parent in the source, if the target has no copy of it.</summary>
    public const string SourceParentRunId = "anovos.mlflow.sync.sourceParentRunId";

    /// <summary>The root of the run family in the source, if the target has no copy of it.</summary>
    public const string SourceRootRunId = "anovos.mlflow.sync.sourceRootRunId";

    /// <summary>MLflow's list of the models that a run logged. It names the run.</summary>
    public const string ModelHistory = "mlflow.log-model.history";

    /// <summary>The ending of a deleted run's state.</summary>
    public const string DeletedState = "-deleted";

    /// <summary>The tags of incomplete copies.</summary>
    public static IReadOnlyList<string> OfIncomplete { get; } = [Missing, SourceParentRunId, SourceRootRunId];

    /// <summary>Gets whether a tag describes the source's run itself or an earlier copy.</summary>
    public static bool IsOwn(string key) =>
        OfflineTags.IsLocal(key) || key is OfflineTags.SourceRunId or SourceUri or State or Missing or SourceParentRunId or SourceRootRunId;

    /// <summary>Computes a hash of all parts of a run that a search returns.</summary>
    public static string StateOf(Run run)
    {
        var text = new StringBuilder();
        text.Append(run.RunName).Append('\n').Append(run.Status).Append('\n').Append(run.EndTime?.ToUnixTimeMilliseconds()).Append('\n');
        Append(run.Params, value => value);
        Append(run.Metrics, value => BitConverter.DoubleToInt64Bits(value).ToString("x"));
        Append(run.Tags.Where(tag => !OfflineTags.IsLocal(tag.Key)), value => value);
        Append(run.Inputs.Select(input => new KeyValuePair<string, string>(input.Name, input.Digest)), value => value);
        using var hash = SHA256.Create();
        return Hex.Of(hash.ComputeHash(Encoding.UTF8.GetBytes(text.ToString()))).Substring(0, 32) + (run.IsDeleted() ? DeletedState : "");

        void Append<T>(IEnumerable<KeyValuePair<string, T>> pairs, Func<T, string> show)
        {
            foreach (KeyValuePair<string, T> pair in pairs.OrderBy(pair => pair.Key, StringComparer.Ordinal))
                text.Append(pair.Key.Length).Append(':').Append(pair.Key).Append('=').Append(show(pair.Value)).Append('\n');
            text.Append('\n');
        }
    }
}
