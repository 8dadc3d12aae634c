using System.Globalization;
using System.Text.RegularExpressions;

namespace Anovos.Mlflow.Registry;

/// <summary>
/// The URI of a model: <c>models:/name/1</c>, <c>models:/name@alias</c>, <c>models:/name/Production</c>, <c>models:/name/latest</c>, a
/// logged model <c>models:/m-…</c>, or a folder of a run, <c>runs:/id/path</c>. The rules are in mlflow.store.artifact.utils.models.
/// </summary>
public sealed record ModelUri
{
    private const string Latest = "latest";

    private static readonly Regex Scheme = new("^(?:models|runs):/", RegexOptions.CultureInvariant | RegexOptions.IgnoreCase);

    // Three slashes mean an empty host. MLflow ignores further slashes.
    private static readonly Regex Form = new(
        @"^(?<scheme>models|runs):(?:/(?!/)|///+|//(?<host>[^/]+)/+)(?<path>.*)\z",
        RegexOptions.CultureInvariant | RegexOptions.IgnoreCase | RegexOptions.Singleline);

    private ModelUri(string text) => Text = text;

    /// <summary>The registered model's name; empty if none is named.</summary>
    public string Name { get; private init; } = "";

    /// <summary>The version number, if given.</summary>
    public long? Version { get; private init; }

    /// <summary>The alias, if given.</summary>
    public string? Alias { get; private init; }

    /// <summary>The stage, if given; null for the newest version in any stage.</summary>
    public string? Stage { get; private init; }

    /// <summary>The id of a logged model; null if it is not one.</summary>
    public string? ModelId { get; private init; }

    /// <summary>The run id, if it is a folder of a run.</summary>
    public string? RunId { get; private init; }

    /// <summary>The folder in the run.</summary>
    public string ArtifactPath { get; private init; } = "";

    /// <summary>The registry URI of the Databricks workspace that it names; null if it does not name one.</summary>
    public string? Workspace { get; private init; }

    private string Text { get; }

    /// <summary>Returns whether a text has the scheme of such a URI.</summary>
    public static bool IsOne(string text) => Scheme.IsMatch(text);

    /// <summary>Parses a URI.</summary>
    /// <exception cref="MlflowException"><see cref="ErrorKind.InvalidValue"/>; the message lists the valid forms.</exception>
    public static ModelUri Parse(string text)
    {
        Match match = Form.Match(text);
        string rest = match.Groups["path"].Value;
        string? workspace = match.Groups["host"].Success ? WorkspaceOf(match.Groups["host"].Value) : null;
        ModelUri? uri = match.Groups["scheme"].Value.Length == "runs".Length ? OfRun(text, rest) : rest.Split('/') switch
        {
            [{ Length: > 0 } name, { Length: > 0 } which] => OfVersion(new ModelUri(text) { Name = name }, which),
            [{ Length: > 0 } one] => OfOne(text, one),
            _ => null,
        };
        if (uri is null || (match.Groups["host"].Success && workspace is null))
        {
            throw new MlflowException(
                ErrorKind.InvalidValue,
                $"'{UriCredentials.Hide(text)}' is not the URI of a model. Write models:/name/1, models:/name@alias, models:/name/latest, "
                + "models:/name/Production, models:/m-<id> or runs:/<run id>/<path>; "
                + "for a Databricks workspace, models://<profile>@databricks/name/1.")
            { Target = UriCredentials.Hide(text) };
        }

        return uri with { Workspace = workspace };
    }

    /// <summary>Returns the URI of a version by number.</summary>
    public static ModelUri Of(string name, long version) => new($"models:/{name}/{version.ToString(CultureInfo.InvariantCulture)}") { Name = name, Version = version };

    /// <inheritdoc/>
    public override string ToString() => Text;

    private static ModelUri? OfRun(string text, string rest)
    {
        string[] parts = rest.Split(['/'], 2);
        return parts is [{ Length: > 0 } id, { Length: > 0 } path] ? new ModelUri(text) { RunId = id, ArtifactPath = Artifacts.ArtifactPath.Normalize(path) } : null;
    }

    private static ModelUri OfVersion(ModelUri uri, string which)
    {
        if (long.TryParse(which, NumberStyles.None, CultureInfo.InvariantCulture, out long version))
            return uri with { Version = version };
        return which.Equals(Latest, StringComparison.OrdinalIgnoreCase) ? uri : uri with { Stage = which };
    }

    private static ModelUri? OfOne(string text, string one)
    {
        int at = one.LastIndexOf('@');
        if (at < 0)
            return new ModelUri(text) { ModelId = one };
        return at > 0 && at < one.Length - 1 ? new ModelUri(text) { Name = one.Substring(0, at), Alias = one.Substring(at + 1) } : null;
    }

    // MLflow knows only the hosts databricks and databricks-uc, each optionally after a profile.
    private static string? WorkspaceOf(string host)
    {
        string[] parts = host.Split('@');
        string scheme = parts[parts.Length - 1].ToLowerInvariant();
        if (scheme is not ("databricks" or "databricks-uc") || parts.Length > 2)
            return null;
        return parts is [var profile, _] ? profile.Length > 0 ? $"{scheme}://{profile}" : null : scheme;
    }
}
