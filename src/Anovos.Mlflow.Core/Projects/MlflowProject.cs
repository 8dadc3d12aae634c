using Anovos.Mlflow.Artifacts;
using Anovos.Mlflow.Context;
using Anovos.Mlflow.Tracking;

namespace Anovos.Mlflow.Projects;

/// <summary>An MLflow project on this machine: a folder, or a git repository that was fetched into one for the time being.</summary>
public sealed class MlflowProject : IDisposable
{
    private readonly string? _temporary;
    private readonly string? _version;
    private readonly ProjectFile _file;

    private MlflowProject(string folder, string source, string? version, string? temporary, ProjectFile file) =>
        (Folder, SourceName, _version, _temporary, _file) = (folder, source, version, temporary, file);

    /// <summary>The project's folder, in which its commands run.</summary>
    public string Folder { get; }

    /// <summary>Where it comes from, as MLflow names it.</summary>
    public string SourceName { get; }

    /// <summary>
    /// The environment that the project asks for and does not get: the field <c>docker_env</c>, <c>conda_env</c> or <c>python_env</c> of
    /// MLproject, or a file <c>python_env.yaml</c> or <c>conda.yaml</c> that it does not name; null without one.
    /// </summary>
    public string? Environment => _file.Environment;

    /// <summary>Opens a project.</summary>
    /// <param name="uri">A folder or a git URI; <c>#folder</c> at its end names the folder of the project in it.</param>
    /// <param name="version">A branch, tag or commit of the repository.</param>
    /// <param name="baseDirectory">What a relative path is relative to.</param>
    /// <param name="cancellationToken">Ends git.</param>
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

    /// <summary>Works out what an entry point runs.</summary>
    /// <param name="entryPoint">Its name, or that of a script.</param>
    /// <param name="parameters">Values of its parameters, and further ones.</param>
    /// <param name="baseDirectory">What relative paths are relative to.</param>
    /// <returns>The program and its arguments, and the params as MLflow records them: values quoted as for a shell.</returns>
    /// <exception cref="MlflowException"><see cref="ErrorKind.InvalidValue"/> when it cannot be run so.</exception>
    public (IReadOnlyList<string> Arguments, IReadOnlyList<KeyValuePair<string, string>> Params) Compute(string entryPoint, IReadOnlyList<KeyValuePair<string, string>> parameters, string baseDirectory) =>
        _file.Find(entryPoint).Compute(parameters, baseDirectory);

    /// <summary>The tags that <c>mlflow run</c> gives a run of the project (mlflow.projects).</summary>
    public IReadOnlyList<Tag> Tags(string entryPoint) =>
    [
        new(RunTags.SourceType, "PROJECT"),
        new("mlflow.project.entryPoint", entryPoint),
        new("mlflow.project.backend", "local"),

        // The name that MLflow 2 has for it beside the newer one.
        .. GitRepository.Find(Folder)?.RemoteUrl is { } remote ? [new Tag("mlflow.gitRepoURL", remote)] : Array.Empty<Tag>(),
    ];

    /// <summary>Deletes what was fetched.</summary>
    public void Dispose()
    {
        if (_temporary is not null)
            Delete(_temporary);
    }

    /// <inheritdoc/>
    public override string ToString() => _version is null ? SourceName : $"{SourceName}, version {_version}";

    // MLflow names a folder in a repository by the repository.
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
        // Git's own files are read-only, which Windows minds.
        foreach (FileInfo file in new DirectoryInfo(folder).EnumerateFiles("*", SearchOption.AllDirectories).Where(file => file.IsReadOnly))
            file.IsReadOnly = false;
        Directory.Delete(folder, recursive: true);
    }
}
