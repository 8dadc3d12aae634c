using System.Globalization;
using System.Text.RegularExpressions;
using Anovos.Mlflow.Registry;
using Anovos.Mlflow.Tracking;

namespace Anovos.Mlflow.Copying;

/// <summary>The source of a model version, translated to the target.</summary>
/// <param name="Source">The source URI.</param>
/// <param name="RunId">The run id; empty for none.</param>
/// <param name="ModelId">The id of the logged model; empty for none.</param>
internal sealed record VersionSource(string Source, string RunId, string ModelId)
{
    /// <summary>Gets why the version has no source at the target; null if it has one.</summary>
    public string? WhyMissing { get; private init; }

    /// <summary>Returns a version source that is missing at the target.</summary>
    public static VersionSource Missing(string why) => new("", "", "") { WhyMissing = why };
}

/// <summary>
/// Translates the sources of versions. A source among the artifacts of a run or a logged model becomes the same path in its copy. Other
/// sources, such as buckets, stay as they are.
/// </summary>
internal sealed class VersionSources(ModelRegistry source, CopiedThings copies, Func<string, long, Task<long?>> copiedVersion)
{
    private static readonly Regex ModelUri = new(
        @"^models:/+(?:(?<name>[^/@]+)/(?<version>[0-9]{1,18})|(?<id>[^/@]+))\z", RegexOptions.CultureInvariant | RegexOptions.IgnoreCase);

    private static readonly Regex RunUri = new(
        @"^runs:/+(?<run>[^/]+)(?<rest>/.*)?\z", RegexOptions.CultureInvariant | RegexOptions.IgnoreCase | RegexOptions.Singleline);

    // <location>/<run>/artifacts and <location>/models/<model>/artifacts: the layout of all MLflow versions.
    private static readonly Regex Owner = new(
        @"/(?:models/(?<model>m-[0-9a-f]{32})|(?<run>[0-9a-f]{32}))/artifacts(?=/|\z)", RegexOptions.CultureInvariant);

    /// <summary>
    /// Returns the run that a version belongs to: the run that it names, or the run whose files are its source; empty for none.
    /// </summary>
    public static string RunOf(ModelVersion version) =>
        version.RunId.Length > 0 ? version.RunId
        : RunUri.Match(version.Source) is { Success: true } uri ? uri.Groups["run"].Value
        : Owner.Match(version.Source).Groups["run"].Value;

    /// <summary>Translates the source of a version.</summary>
    public async Task<VersionSource> TranslateAsync(ModelVersion version, CancellationToken cancellationToken)
    {
        string uri = version.Source;
        if (ModelUri.Match(uri) is { Success: true } model)
        {
            if (model.Groups["id"] is { Success: true } id)
                return await OfModelAsync(id.Value, cancellationToken).ConfigureAwait(false);
            (string name, string number) = (model.Groups["name"].Value, model.Groups["version"].Value);
            return await OfVersionAsync(name, number, version, cancellationToken).ConfigureAwait(false);
        }

        if (RunUri.Match(uri) is { Success: true } inRun)
        {
            return await RunAsync(inRun.Groups["run"].Value, cancellationToken).ConfigureAwait(false) is { } copy
                ? new VersionSource($"runs:/{copy.RunId}{inRun.Groups["rest"].Value}", copy.RunId, "")
                : NoRun(inRun.Groups["run"].Value);
        }

        if (Owner.Match(uri) is { Success: true } owner && owner.Groups["model"] is { Success: true } inModel)
        {
            // Without a path, by the id: a server may reject a path outside of the run's folder.
            string rest = uri.Substring(owner.Index + owner.Length).Trim('/');
            return rest.Length == 0
                ? await OfModelAsync(inModel.Value, cancellationToken).ConfigureAwait(false)
                : await OfModelFilesAsync(inModel.Value, rest, cancellationToken).ConfigureAwait(false);
        }

        return await LocateAsync(uri, version.RunId, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Translates the location of a version's files, if its registry keeps the location separately from the source.</summary>
    public async Task<VersionSource> TranslateLocationAsync(ModelVersion version, CancellationToken cancellationToken)
    {
        VersionSource location = await TranslateAsync(
            version with { Source = version.StorageLocation }, cancellationToken).ConfigureAwait(false);
        return location.ModelId.Length > 0 && location.Source.StartsWith("models:", StringComparison.Ordinal)
            && await copies.ModelAsync(location.ModelId, cancellationToken).ConfigureAwait(false) is { } model
                ? location with { Source = model.ArtifactUri }
                : location;
    }

    // The files of a run, or files elsewhere.
    private async Task<VersionSource> LocateAsync(string uri, string runId, CancellationToken cancellationToken)
    {
        string[] candidates = [runId, Owner.Match(uri).Groups["run"].Value];
        foreach (string id in candidates.Where(id => id.Length > 0).Distinct())
        {
            Run? run = await ReadRunAsync(id, cancellationToken).ConfigureAwait(false);
            if (run is null || RestOf(uri, run.ArtifactUri) is not { } rest)
                continue;
            return await RunAsync(id, cancellationToken).ConfigureAwait(false) is { } copy
                ? new VersionSource(Below(copy.ArtifactUri, rest), copy.RunId, "")
                : NoRun(id);
        }

        // Such a URI is relative to the server that proxies the files.
        if (uri.StartsWith("mlflow-artifacts:", StringComparison.OrdinalIgnoreCase))
            return VersionSource.Missing($"Its files are at {uri} and do not belong to a copied run or logged model.");
        Run? maker = runId.Length == 0 ? null : await RunAsync(runId, cancellationToken).ConfigureAwait(false);
        return new VersionSource(uri, maker?.RunId ?? "", "");
    }

    private async Task<VersionSource> OfModelAsync(string modelId, CancellationToken cancellationToken) =>
        await copies.ModelAsync(modelId, cancellationToken).ConfigureAwait(false) is { } copy
            ? new VersionSource(copy.ModelUri, copy.RunId, copy.ModelId)
            : NoModel(modelId);

    private async Task<VersionSource> OfModelFilesAsync(string modelId, string path, CancellationToken cancellationToken) =>
        await copies.ModelAsync(modelId, cancellationToken).ConfigureAwait(false) is { } copy
            ? new VersionSource(Below(copy.ArtifactUri, path), copy.RunId, copy.ModelId)
            : NoModel(modelId);

    private async Task<VersionSource> OfVersionAsync(string name, string number, ModelVersion version, CancellationToken cancellationToken)
    {
        long? copy = await copiedVersion(name, long.Parse(number, CultureInfo.InvariantCulture)).ConfigureAwait(false);
        if (copy is null)
            return VersionSource.Missing($"It was created from models:/{name}/{number}, which is not copied. Copy that model first.");
        Run? run = version.RunId.Length == 0 ? null : await RunAsync(version.RunId, cancellationToken).ConfigureAwait(false);
        return new VersionSource($"models:/{name}/{copy.Value.ToString(CultureInfo.InvariantCulture)}", run?.RunId ?? "", "");
    }

    private Task<Run?> RunAsync(string runId, CancellationToken cancellationToken) => copies.RunAsync(runId, cancellationToken);

    private async Task<Run?> ReadRunAsync(string runId, CancellationToken cancellationToken)
    {
        try
        {
            return await source.Store.GetRunAsync(runId, cancellationToken).ConfigureAwait(false);
        }
        catch (MlflowException e) when (e.Kind is ErrorKind.RunNotFound or ErrorKind.InvalidValue)
        {
            return null;
        }
    }

    // A folder may be given as a path or as a URI.
    private static string? RestOf(string uri, string root)
    {
        string path = Plain(uri), top = Plain(root).TrimEnd('/');
        if (top.Length == 0 || !path.StartsWith(top, StringComparison.Ordinal))
            return null;
        string rest = path.Substring(top.Length);
        return rest.Length == 0 || rest[0] == '/' ? rest : null;
    }

    private static string Plain(string uri) => LocalRoot.WhyUnusable(uri) is null && !LocalRoot.IsElsewhere(uri)
        ? LocalUri.ToPath(uri).Replace('\\', '/').TrimEnd('/')
        : uri.TrimEnd('/');

    private static string Below(string root, string rest) => rest.Trim('/') is { Length: > 0 } path ? LocalUri.Append(root, path) : root;

    private static VersionSource NoRun(string runId) =>
        VersionSource.Missing($"Its files are artifacts of the run {runId}, which is not copied. Copy the run first.");

    private static VersionSource NoModel(string modelId) =>
        VersionSource.Missing($"Its files are those of the logged model {modelId}, which the target does not have.");
}
