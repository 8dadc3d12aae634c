using System.Text.RegularExpressions;

namespace Anovos.Mlflow.Tracking;

/// <summary>What a tracking store accepts. Lengths are in characters; the defaults are MLflow's own (mlflow.utils.validation).</summary>
public sealed record StoreLimits
{
    // MLflow says \w, and Python means letters, numbers of every kind and the underscore. .NET's \w has marks too, of which
    // file names from a Mac are full (an e and its accent), and not every number.
    private const string KeyCharacter = @"/\p{L}\p{N}_.\- :";

    private static readonly Regex KeyCharacters = new($@"^[{KeyCharacter}]*\z", RegexOptions.CultureInvariant);
    private static readonly Regex NoKeyCharacter = new($"[^{KeyCharacter}]", RegexOptions.CultureInvariant);

    private static readonly Regex HiddenPart = new(@"(?<=^|/)\.", RegexOptions.CultureInvariant);

    /// <summary>The limits of MLflow itself.</summary>
    public static StoreLimits Mlflow { get; } = new();

    /// <summary>Metrics in one batch.</summary>
    public int BatchMetrics { get; init; } = 1000;

    /// <summary>Params in one batch.</summary>
    public int BatchParams { get; init; } = 100;

    /// <summary>Tags in one batch.</summary>
    public int BatchTags { get; init; } = 100;

    /// <summary>Metrics, params and tags together in one batch.</summary>
    public int BatchTotal { get; init; } = 1000;

    /// <summary>Bytes in the body of one batch. MLflow's client keeps to it; Databricks enforces it.</summary>
    public int BatchBytes { get; init; } = 1_000_000;

    /// <summary>Length of a key.</summary>
    public int Key { get; init; } = 250;

    /// <summary>Length of a param's value.</summary>
    public int ParamValue { get; init; } = 6000;

    /// <summary>Length of a tag's value.</summary>
    public int TagValue { get; init; } = 8000;

    /// <summary>Length of an experiment's name.</summary>
    public int ExperimentName { get; init; } = 500;

    /// <summary>Length of a dataset's name.</summary>
    public int DatasetName { get; init; } = 500;

    /// <summary>Length of a dataset's digest.</summary>
    public int DatasetDigest { get; init; } = 36;

    /// <summary>Length of a dataset's source.</summary>
    public int DatasetSource { get; init; } = 65_535;

    /// <summary>Length of the value of a dataset input's tag.</summary>
    public int InputTagValue { get; init; } = 500;

    /// <summary>Whether a part of a key may begin with a period. In a directory store that is a hidden file.</summary>
    internal bool HiddenKeys { get; init; } = true;

    /// <summary>The stricter of the two, limit by limit: both stores accept what it allows.</summary>
    public StoreLimits Intersect(StoreLimits other) => new()
    {
        BatchMetrics = Math.Min(BatchMetrics, other.BatchMetrics),
        BatchParams = Math.Min(BatchParams, other.BatchParams),
        BatchTags = Math.Min(BatchTags, other.BatchTags),
        BatchTotal = Math.Min(BatchTotal, other.BatchTotal),
        BatchBytes = Math.Min(BatchBytes, other.BatchBytes),
        Key = Math.Min(Key, other.Key),
        ParamValue = Math.Min(ParamValue, other.ParamValue),
        TagValue = Math.Min(TagValue, other.TagValue),
        ExperimentName = Math.Min(ExperimentName, other.ExperimentName),
        DatasetName = Math.Min(DatasetName, other.DatasetName),
        DatasetDigest = Math.Min(DatasetDigest, other.DatasetDigest),
        DatasetSource = Math.Min(DatasetSource, other.DatasetSource),
        InputTagValue = Math.Min(InputTagValue, other.InputTagValue),
        HiddenKeys = HiddenKeys && other.HiddenKeys,
    };

    /// <summary>Why the store would refuse the key of a metric, param or tag; null when it accepts it.</summary>
    public string? WhyInvalidKey(string key)
    {
        if (key.Length == 0)
            return "it is empty";
        if (key.Length > Key)
            return $"it has {key.Length} characters; the limit is {Key}";
        if (!KeyCharacters.IsMatch(key))
            return "it may contain only letters, digits, underscores, dashes, periods, spaces, colons and slashes";

        // MLflow asks that a key equal its own posixpath.normpath: it may become a path.
        foreach (string segment in key.Split('/'))
        {
            if (segment.Length == 0 || segment is "." or "..")
                return "it has an empty, '.' or '..' path segment";
        }

        return key.StartsWith("..", StringComparison.Ordinal) ? "it begins with '..'" : null;
    }

    /// <summary>The nearest key that the store accepts: characters that it refuses become <c>_</c>, and a long key is cut.</summary>
    public string ToValidKey(string key)
    {
        string clean = Normal(NoKeyCharacter.Replace(key, "_"));
        if (clean.StartsWith("..", StringComparison.Ordinal))
            clean = "__" + clean.Substring(2);
        // Again, for a cut may leave a slash or a period as the last segment.
        if (clean.Length > Key)
            clean = Normal(clean.Substring(0, Key));
        if (!HiddenKeys)
            clean = HiddenPart.Replace(clean, "_");
        return clean.Length == 0 ? "_" : clean;
    }

    private static string Normal(string key) => string.Join("/", key.Split('/')
        .Where(segment => segment.Length > 0 && segment != ".")
        .Select(segment => segment == ".." ? "__" : segment));
}
