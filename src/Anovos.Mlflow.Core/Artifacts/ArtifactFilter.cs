namespace Anovos.Mlflow.Artifacts;

/// <summary>Filters artifacts by patterns of their paths; see <see cref="ArtifactPattern"/>.</summary>
public sealed class ArtifactFilter
{
    private readonly ArtifactPattern[] _include;
    private readonly ArtifactPattern[] _exclude;

    /// <param name="include">The patterns of the artifacts to select; empty for all.</param>
    /// <param name="exclude">The patterns of the artifacts to leave out.</param>
    /// <exception cref="MlflowException"><see cref="ErrorKind.InvalidValue"/> for an invalid pattern.</exception>
    public ArtifactFilter(IEnumerable<string> include, IEnumerable<string> exclude) =>
        (_include, _exclude) = ([.. include.Select(ArtifactPattern.Parse)], [.. exclude.Select(ArtifactPattern.Parse)]);

    /// <summary>Whether it selects every path.</summary>
    public bool IsEmpty => _include.Length == 0 && _exclude.Length == 0;

    /// <summary>Whether the path is selected.</summary>
    public bool Selects(string artifactPath) =>
        (_include.Length == 0 || Array.Exists(_include, pattern => pattern.Selects(artifactPath))) && !Array.Exists(_exclude, pattern => pattern.Selects(artifactPath));
}
