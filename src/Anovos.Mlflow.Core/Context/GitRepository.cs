using System.Text.RegularExpressions;
using Anovos.Mlflow.Tracking;

namespace Anovos.Mlflow.Context;

/// <summary>Commit, branch and origin of the git repository around a folder, read from its files (gitrepository-layout).</summary>
/// <param name="Commit">The checked-out commit.</param>
/// <param name="Branch">The branch; null if none is checked out.</param>
/// <param name="RemoteUrl">The URL of <c>origin</c>, without credentials; null if there is none.</param>
internal sealed record GitRepository(string Commit, string? Branch, string? RemoteUrl)
{
    /// <summary>The folder where the repository is checked out.</summary>
    public string WorkTree { get; private init; } = "";

    /// <summary>The tags that MLflow sets for it.</summary>
    public IEnumerable<Tag> Tags
    {
        get
        {
            yield return new Tag("mlflow.source.git.commit", Commit);
            if (Branch is not null)
                yield return new Tag("mlflow.source.git.branch", Branch);
            if (RemoteUrl is not null)
                yield return new Tag("mlflow.source.git.repoURL", RemoteUrl);
        }
    }

    private const string BranchPrefix = "refs/heads/";

    /// <summary>Finds the repository; null if there is none, or if it has no commit or cannot be read. A run does not need it.</summary>
    public static GitRepository? Find(string folder)
    {
        try
        {
            return Open(folder) is var (git, common, tree) && Read(git, common) is { } found ? found with { WorkTree = tree } : null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    private static (string Git, string Common, string WorkTree)? Open(string folder)
    {
        for (DirectoryInfo? at = new(folder); at is not null; at = at.Parent)
        {
            string git = Path.Combine(at.FullName, ".git");
            if (File.Exists(git) && ReadLine(git) is { } link && link.StartsWith("gitdir: ", StringComparison.Ordinal))
                git = Path.GetFullPath(Path.Combine(at.FullName, link.Substring("gitdir: ".Length)));
            if (!File.Exists(Path.Combine(git, "HEAD")))
                continue;

            // A worktree keeps its own HEAD and shares the rest.
            string? common = ReadLine(Path.Combine(git, "commondir"));
            return (git, common is null ? git : Path.GetFullPath(Path.Combine(git, common)), at.FullName);
        }

        return null;
    }

    private static GitRepository? Read(string git, string common)
    {
        string head = ReadLine(Path.Combine(git, "HEAD")) ?? "";
        string? reference = head.StartsWith("ref: ", StringComparison.Ordinal) ? head.Substring("ref: ".Length) : null;
        string? commit = reference is null ? head : ReadLine(Path.Combine(git, reference)) ?? ReadLine(Path.Combine(common, reference)) ?? Packed(common, reference);
        if (commit is null || !Regex.IsMatch(commit, "^[0-9a-f]{40,64}$"))
            return null;
        string? branch = reference?.StartsWith(BranchPrefix, StringComparison.Ordinal) == true ? reference.Substring(BranchPrefix.Length) : null;
        return new GitRepository(commit, branch, Origin(Path.Combine(common, "config")));
    }

    private static string? Packed(string common, string reference)
    {
        string path = Path.Combine(common, "packed-refs");
        return File.Exists(path)
            ? File.ReadLines(path).Where(line => line.EndsWith(" " + reference, StringComparison.Ordinal)).Select(line => line.Split(' ')[0]).FirstOrDefault()
            : null;
    }

    private static string? Origin(string config)
    {
        try
        {
            return IniFile.Read(config)?.Section("remote \"origin\"") is { } origin && origin.TryGetValue("url", out string? url) && url.Length > 0
                ? UriCredentials.Remove(url)
                : null;
        }
        catch (FormatException)
        {
            // The commit is what matters. If only git can read the configuration, just the tag is missing.
            return null;
        }
    }

    private static string? ReadLine(string path) => File.Exists(path) ? File.ReadLines(path).FirstOrDefault()?.Trim() : null;
}
