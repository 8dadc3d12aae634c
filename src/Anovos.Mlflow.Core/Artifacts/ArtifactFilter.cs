namespace Anovos.Mlflow.Artifacts;

/// <summary>Narrows artifacts by patterns of their paths, as <see cref="ArtifactPattern"/> has them.</summary>
public sealed class ArtifactFilter
{
    private readonly ArtifactPattern[] _include;
    private readonly ArtifactPattern[] _exclude;

    /// <param name="include">Only what one of these selects; all when there is none.</param>
    /// <param name="exclude">Not what one of these selects.</param>
    /// <exception cref="MlflowException"><see cref="ErrorKind.InvalidValue"/> for what is no pattern.</exception>
    public ArtifactFilter(IEnumerable<string> include, IEnumerable<string> exclude) =>
        (_include, _exclude) = ([.. include.Select(ArtifactPattern.Parse)], [.. exclude.Select(ArtifactPattern.Parse)]);

    /// <summary>Whether it lets everything through.</summary>
    public bool IsEmpty => _include.Length == 0 && _exclude.Length == 0;

    /// <summary>Whether the path is selected.</summary>
    public bool Selects(string artifactPath) =>
        (_include.Length == 0 || Array.Exists(_include, pattern => pattern.Selects(artifactPath))) && !Array.Exists(_exclude, pattern => pattern.Selects(artifactPath));
}
