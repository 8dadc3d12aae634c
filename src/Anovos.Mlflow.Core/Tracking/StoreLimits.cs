using System.Text.RegularExpressions;

namespace Anovos.Mlflow.Tracking;

/// <summary>The limits of a tracking store. Lengths are in characters; the defaults are MLflow's own (mlflow.utils.validation).</summary>
public sealed record StoreLimits
{
    // MLflow uses \w, which in Python means letters, all kinds of numbers and the underscore. .NET's \w also includes marks, which are
    // common in file names from a Mac (an e followed by its accent), and excludes some numbers.
    private const string KeyCharacter = @"/\p{L}\p{N}_.\- :";

    private static readonly Regex KeyCharacters = new($@"^[{KeyCharacter}]*\z", RegexOptions.CultureInvariant);
    private static readonly Regex NoKeyCharacter = new($"[^{KeyCharacter}]", RegexOptions.CultureInvariant);

    private static readonly Regex HiddenPart = new(@"(?<=^|/)\.", RegexOptions.CultureInvariant);

    /// <summary>The limits of MLflow itself.</summary>
    public static StoreLimits Mlflow { get; } = new();

    /// <summary>The maximum number of metrics in one batch.</summary>
    public int BatchMetrics { get; init; } = 1000;

    /// <summary>The maximum number of params in one batch.</summary>
    public int BatchParams { get; init; } = 100;

    /// <summary>The maximum number of tags in one batch.</summary>
    public int BatchTags { get; init; } = 100;

    /// <summary>The maximum number of metrics, params and tags together in one batch.</summary>
    public int BatchTotal { get; init; } = 1000;

    /// <summary>The maximum number of bytes in the body of one batch. MLflow's client keeps to it; Databricks enforces it.</summary>
    public int BatchBytes { get; init; } = 1_000_000;

    /// <summary>The maximum length of a key.</summary>
    public int Key { get; init; } = 250;

    /// <summary>The maximum length of a param's value.</summary>
    public int ParamValue { get; init; } = 6000;

    /// <summary>The maximum length of a tag's value.</summary>
    public int TagValue { get; init; } = 8000;

    /// <summary>The maximum length of an experiment's name.</summary>
    public int ExperimentName { get; init; } = 500;

    /// <summary>The maximum length of a dataset's name.</summary>
    public int DatasetName { get; init; } = 500;

    /// <summary>The maximum length of a dataset's digest.</summary>
    public int DatasetDigest { get; init; } = 36;

    /// <summary>The maximum length of a dataset's source.</summary>
    public int DatasetSource { get; init; } = 65_535;

    /// <summary>The maximum length of the value of a dataset input's tag.</summary>
    public int InputTagValue { get; init; } = 500;

    /// <summary>Whether a part of a key may begin with a period. In a directory store, such a part is a hidden file.</summary>
    internal bool HiddenKeys { get; init; } = true;

    /// <summary>The stricter limit of the two in each case, so that both stores accept the result.</summary>
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

    /// <summary>Returns why the store would refuse the key of a metric, param or tag; null if it accepts the key.</summary>
    public string? WhyInvalidKey(string key)
    {
        if (key.Length == 0)
            return "it is empty";
        if (key.Length > Key)
            return $"it has {key.Length} characters; the limit is {Key}";
        if (!KeyCharacters.IsMatch(key))
            return "it may contain only letters, digits, underscores, dashes, periods, spaces, colons and slashes";

        // MLflow requires a key to equal its own posixpath.normpath, because it may become a path.
        foreach (string segment in key.Split('/'))
        {
            if (segment.Length == 0 || segment is "." or "..")
                return "it has an empty, '.' or '..' path segment";
        }

        return key.StartsWith("..", StringComparison.Ordinal) ? "it begins with '..'" : null;
    }

    /// <summary>Returns the nearest key that the store accepts: refused characters become <c>_</c>, and a long key is cut.</summary>
    public string ToValidKey(string key)
    {
        string clean = Normal(NoKeyCharacter.Replace(key, "_"));
        if (clean.StartsWith("..", StringComparison.Ordinal))
            clean = "__" + clean.Substring(2);
        // Normalize again: after a cut, a slash or a period may be the last segment.
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
