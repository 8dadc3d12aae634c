using Anovos.Mlflow.Artifacts;
using Anovos.Mlflow.Context;
using Anovos.Mlflow.Tracking;

namespace Anovos.Mlflow.Projects;

/// <summary>An MLflow project on this machine: a folder, or a git repository that was fetched into a temporary folder.</summary>
public sealed class MlflowProject : IDisposable
{
    private readonly string? _temporary;
    private readonly string? _version;
    private readonly ProjectFile _file;

    private MlflowProject(string folder, string source, string? version, string? temporary, ProjectFile file) =>
        (Folder, SourceName, _version, _temporary, _file) = (folder, source, version, temporary, file);

    /// <summary>The project's folder, where its commands run.</summary>
    public string Folder { get; }

    /// <summary>The source of the project, as MLflow names it.</summary>
    public string SourceName { get; }

    /// <summary>
    /// The environment that the project requests and does not get: the field <c>docker_env</c>, <c>conda_env</c> or <c>python_env</c> of
    /// MLproject, or a file <c>python_env.yaml</c> or <c>conda.yaml</c> that MLproject does not name; null if it requests none.
    /// </summary>
    public string? Environment => _file.Environment;

    /// <summary>Opens a project.</summary>
    /// <param name="uri">A folder or a git URI. <c>#folder</c> at its end is the project's folder in it.</param>
    /// <param name="version">A branch, tag or commit of the repository.</param>
    /// <param name="baseDirectory">The base of a relative path.</param>
    /// <param name="cancellationToken">Stops git.</param>
    /// <exception cref="MlflowException"><see cref="ErrorKind.InvalidValue"/>, <see cref="ErrorKind.ConfigInvalid"/> or <see cref="ErrorKind.CommandNotFound"/>.</exception>
    public static async Task<MlflowProject> OpenAsync(string uri, string? version, string baseDirectory, CancellationToken cancellationToken)
    {
        string[] parts = uri.Split(['#'], 2);
        string below = parts.Length == 1 ? "" : ArtifactPath.Normalize(parts[1]);
        bool isUri = parts[0].Contains("://") && !parts[0].StartsWith("file:", StringComparison.OrdinalIgnoreCase);
        string? local = isUri ? null : LocalPath.Full(baseDirectory, LocalUri.ToPath(parts[0]));
        if (local is not null && !Directory.Exists(local))
            local = null;
        if (local is not null && version is null && !IsBare(local))
            return Load(local, below.Length == 0 ? NameOf(local) : uri, temporary: null);

        string temporary = Path.Combine(Path.GetTempPath(), $"anovos-mlflow-project-{Guid.NewGuid():N}");
        Directory.CreateDirectory(temporary);
        try
        {
            await GitFetch.FetchAsync(local ?? parts[0], version, temporary, cancellationToken).ConfigureAwait(false);
            return Load(temporary, GitFetch.Clean(uri), temporary);
        }
        catch
        {
            Delete(temporary);
            throw;
        }

        MlflowProject Load(string root, string source, string? temporary)
        {
            string folder = below.Length == 0 ? root : Path.Combine(root, below);
            return Directory.Exists(folder)
                ? new MlflowProject(folder, source, version, temporary, ProjectFile.Load(folder, cancellationToken))
                : throw new MlflowException(ErrorKind.InvalidValue, $"There is no folder '{below}' in {GitFetch.Clean(parts[0])}.") { Target = below };
        }
    }

    /// <summary>Computes the command of an entry point.</summary>
    /// <param name="entryPoint">The name of the entry point, or of a script.</param>
    /// <param name="parameters">The values of its parameters, and additional ones.</param>
    /// <param name="baseDirectory">The base of relative paths.</param>
    /// <returns>The program and its arguments, and the params as MLflow records them, with values quoted as for a shell.</returns>
    /// <exception cref="MlflowException"><see cref="ErrorKind.InvalidValue"/> if it cannot be run with these parameters.</exception>
    public (IReadOnlyList<string> Arguments, IReadOnlyList<KeyValuePair<string, string>> Params) Compute(string entryPoint, IReadOnlyList<KeyValuePair<string, string>> parameters, string baseDirectory) =>
        _file.Find(entryPoint).Compute(parameters, baseDirectory);

    /// <summary>Returns the tags that <c>mlflow run</c> sets on a run of the project (mlflow.projects).</summary>
    public IReadOnlyList<Tag> Tags(string entryPoint) =>
    [
        new(RunTags.SourceType, "PROJECT"),
        new("mlflow.project.entryPoint", entryPoint),
        new("mlflow.project.backend", "local"),

        // MLflow 2 uses this name in addition to the newer one.
        .. GitRepository.Find(Folder)?.RemoteUrl is { } remote ? [new Tag("mlflow.gitRepoURL", remote)] : Array.Empty<Tag>(),
    ];

    /// <summary>Deletes the fetched files.</summary>
    public void Dispose()
    {
        if (_temporary is not null)
            Delete(_temporary);
    }

    /// <inheritdoc/>
    public override string ToString() => _version is null ? SourceName : $"{SourceName}, version {_version}";

    // MLflow names a folder in a repository after the repository.
    private static string NameOf(string folder)
    {
        if (GitRepository.Find(folder)?.WorkTree is not { } tree)
            return folder;
        string below = folder.Substring(tree.Length).Replace('\\', '/').Trim('/');
        return $"file://{tree}{(below.Length == 0 ? "" : "#" + below)}";
    }

    private static bool IsBare(string folder) =>
        File.Exists(Path.Combine(folder, "HEAD")) && Directory.Exists(Path.Combine(folder, "objects")) && Directory.Exists(Path.Combine(folder, "refs"));

    private static void Delete(string folder)
    {
        // Git's own files are read-only, so Windows would not delete them.
        foreach (FileInfo file in new DirectoryInfo(folder).EnumerateFiles("*", SearchOption.AllDirectories).Where(file => file.IsReadOnly))
            file.IsReadOnly = false;
        Directory.Delete(folder, recursive: true);
    }
}
