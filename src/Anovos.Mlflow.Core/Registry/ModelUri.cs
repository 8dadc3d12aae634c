using System.Globalization;

namespace Anovos.Mlflow.Registry;

/// <summary>
/// What a model is called: <c>models:/name/1</c>, <c>models:/name@alias</c>, <c>models:/name/Production</c>,
/// <c>models:/name/latest</c>, a logged model <c>models:/m-…</c>, or a folder of a run, <c>runs:/id/path</c>
/// (mlflow.store.artifact.utils.models has the rules).
/// </summary>
public sealed record ModelUri
{
    private const string Latest = "latest";

    private ModelUri(string text) => Text = text;

    /// <summary>The registered model's name; empty where none is named.</summary>
    public string Name { get; private init; } = "";

    /// <summary>The version, where one is named.</summary>
    public long? Version { get; private init; }

    /// <summary>The alias, where one is named.</summary>
    public string? Alias { get; private init; }

    /// <summary>The stage, where one is named; null for the newest of all.</summary>
    public string? Stage { get; private init; }

    /// <summary>The id of a logged model, where it is one.</summary>
    public string? ModelId { get; private init; }

    /// <summary>The run, where it is a folder of one.</summary>
    public string? RunId { get; private init; }

    /// <summary>The folder of the run.</summary>
    public string ArtifactPath { get; private init; } = "";

    private string Text { get; }

    /// <summary>Whether a text has the scheme of such a URI.</summary>
    public static bool IsOne(string text) => Rest(text, "models:") is not null || Rest(text, "runs:") is not null;

    /// <summary>Reads a URI.</summary>
    /// <exception cref="MlflowException"><see cref="ErrorKind.InvalidValue"/>; the message says which forms there are.</exception>
    public static ModelUri Parse(string text)
    {
        string[]? parts = Rest(text, "models:")?.Split('/');
        ModelUri? uri = Rest(text, "runs:") is { } run ? OfRun(text, run) : parts switch
        {
            [{ Length: > 0 } name, { Length: > 0 } which] => OfVersion(new ModelUri(text) { Name = name }, which),
            [{ Length: > 0 } one] => OfOne(text, one),
            _ => null,
        };
        return uri ?? throw new MlflowException(ErrorKind.InvalidValue, $"'{TrackingText(text)}' is no model's URI. Write models:/name/1, models:/name@alias, models:/name/latest, models:/name/Production, models:/m-<id> or runs:/<run id>/<path>.") { Target = TrackingText(text) };
    }

    /// <summary>The version of that number.</summary>
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

    // One slash: with a host it would be a registry of its own.
    private static string? Rest(string text, string scheme) =>
        text.StartsWith(scheme + "/", StringComparison.OrdinalIgnoreCase) && !text.StartsWith(scheme + "//", StringComparison.OrdinalIgnoreCase) ? text.Substring(scheme.Length + 1) : null;

    private static string TrackingText(string text) => Stores.TrackingTarget.WithoutUserInfo(text);
}
