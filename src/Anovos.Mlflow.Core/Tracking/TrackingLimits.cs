using System.Text.RegularExpressions;

namespace Anovos.Mlflow.Tracking;

/// <summary>The limits of MLflow's REST API and the rules of its keys (mlflow.utils.validation), in characters and pieces.</summary>
public static class TrackingLimits
{
    /// <summary>Metrics in one batch.</summary>
    public const int BatchMetrics = 1000;

    /// <summary>Params in one batch.</summary>
    public const int BatchParams = 100;

    /// <summary>Tags in one batch.</summary>
    public const int BatchTags = 100;

    /// <summary>Metrics, params and tags together in one batch.</summary>
    public const int BatchTotal = 1000;

    /// <summary>Bytes in the body of one batch; Databricks enforces it.</summary>
    public const int BatchBytes = 1_000_000;

    /// <summary>Characters in a key.</summary>
    public const int Key = 250;

    /// <summary>Characters in a param's value.</summary>
    public const int ParamValue = 6000;

    /// <summary>Characters in a tag's value.</summary>
    public const int TagValue = 8000;

    /// <summary>Characters in an experiment's name.</summary>
    public const int ExperimentName = 500;

    /// <summary>Characters in a dataset's name.</summary>
    public const int DatasetName = 500;

    /// <summary>Characters in a dataset's digest.</summary>
    public const int DatasetDigest = 36;

    /// <summary>Characters in a dataset's source.</summary>
    public const int DatasetSource = 65_535;

    /// <summary>Characters in the value of a dataset input's tag.</summary>
    public const int InputTagValue = 500;

    // MLflow says \w, and Python means letters, numbers of every kind and the underscore. .NET's \w has marks too, of which
    // file names from a Mac are full (an e and its accent), and not every number.
    private const string KeyCharacter = @"/\p{L}\p{N}_.\- :";

    private static readonly Regex KeyCharacters = new($@"^[{KeyCharacter}]*\z", RegexOptions.CultureInvariant);
    private static readonly Regex NoKeyCharacter = new($"[^{KeyCharacter}]", RegexOptions.CultureInvariant);
    private static readonly Regex RunIdForm = new(@"^[a-zA-Z0-9][\w\-]{0,255}\z", RegexOptions.CultureInvariant);

    /// <summary>Whether MLflow takes the run id, which becomes a path on its server.</summary>
    public static bool IsRunId(string value) => RunIdForm.IsMatch(value);

    /// <summary>Why MLflow would refuse the key of a metric, param or tag; null when it takes it.</summary>
    public static string? WhyInvalidKey(string key)
    {
        if (key.Length == 0)
            return "it is empty";
        if (key.Length > Key)
            return $"it has {key.Length} characters, {Key} are allowed";
        if (!KeyCharacters.IsMatch(key))
            return "it may hold letters, digits, underscores, dashes, periods, spaces, colons and slashes";

        // MLflow asks that a key equal its own posixpath.normpath: it may become a path.
        foreach (string segment in key.Split('/'))
        {
            if (segment.Length == 0 || segment is "." or "..")
                return "between its slashes stands nothing, '.' or '..'";
        }

        return key.StartsWith("..", StringComparison.Ordinal) ? "it begins with '..'" : null;
    }

    /// <summary>The nearest key that MLflow takes: what it refuses becomes <c>_</c>, what is too long is cut.</summary>
    public static string ToValidKey(string key)
    {
        string clean = Normal(NoKeyCharacter.Replace(key, "_"));
        if (clean.StartsWith("..", StringComparison.Ordinal))
            clean = "__" + clean.Substring(2);
        // Again, for a cut may leave a slash or a period as the last segment.
        if (clean.Length > Key)
            clean = Normal(clean.Substring(0, Key));
        return clean.Length == 0 ? "_" : clean;
    }

    private static string Normal(string key) => string.Join("/", key.Split('/')
        .Where(segment => segment.Length > 0 && segment != ".")
        .Select(segment => segment == ".." ? "__" : segment));
}
