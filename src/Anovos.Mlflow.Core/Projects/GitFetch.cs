using System.ComponentModel;
using System.Diagnostics;
using System.Text;
using System.Text.RegularExpressions;
using Anovos.Mlflow.Processes;

namespace Anovos.Mlflow.Projects;

/// <summary>
/// Fetches one commit of a git repository into a folder with the <c>git</c> program, which uses its own configured credentials.
/// </summary>
internal static class GitFetch
{
    /// <summary>Fetches a repository.</summary>
    /// <param name="uri">The URI of the repository.</param>
    /// <param name="version">A branch, a tag or a commit; null for the repository's HEAD.</param>
    /// <param name="folder">The target folder. It must exist and be empty.</param>
    /// <param name="cancellationToken">Stops git.</param>
    /// <exception cref="MlflowException">
    /// <see cref="ErrorKind.CommandNotFound"/> if git is missing; <see cref="ErrorKind.InvalidValue"/> if it cannot fetch.
    /// </exception>
    public static async Task FetchAsync(string uri, string? version, string folder, CancellationToken cancellationToken)
    {
        // Git would parse it as an option.
        if (uri.StartsWith("-", StringComparison.Ordinal) || version?.StartsWith("-", StringComparison.Ordinal) == true)
            throw new MlflowException(ErrorKind.InvalidValue, $"'{version ?? uri}' is not a repository or a version of one.") { Target = version ?? uri };
        await RunAsync(["init", "-q"]).ConfigureAwait(false);
        await RunAsync(["remote", "add", "origin", uri]).ConfigureAwait(false);
        await RunAsync(["fetch", "-q", "--depth", "1", "origin", version ?? "HEAD"]).ConfigureAwait(false);
        bool isBranch = version is not null && await GitAsync(["rev-parse", "-q", "--verify", $"refs/remotes/origin/{version}"]).ConfigureAwait(false) is (0, _);
        await RunAsync(isBranch ? ["checkout", "-q", "-B", version!, "FETCH_HEAD"] : ["checkout", "-q", "--detach", "FETCH_HEAD"]).ConfigureAwait(false);
        await RunAsync(["submodule", "update", "--init", "--recursive"]).ConfigureAwait(false);

        async Task RunAsync(string[] arguments)
        {
            (int exitCode, string error) = await GitAsync(arguments).ConfigureAwait(false);
            if (exitCode != 0)
                throw new MlflowException(ErrorKind.InvalidValue, $"git could not fetch {(version is null ? "" : $"version '{version}' of ")}{Clean(uri)} (git {arguments[0]}, exit code {exitCode}): {Clean(error.Replace(uri, Clean(uri))).Trim()}") { Target = Clean(uri) };
        }

        async Task<(int ExitCode, string Error)> GitAsync(string[] arguments)
        {
            var start = new ProcessStartInfo("git", CommandLine.Join(arguments))
            {
                WorkingDirectory = folder,
                UseShellExecute = false,
                CreateNoWindow = true,
                RedirectStandardInput = true,
                RedirectStandardOutput = true,
                RedirectStandardError = true,
                StandardErrorEncoding = Encoding.UTF8,
            };
            // There may be no user to type a password.
            start.Environment["GIT_TERMINAL_PROMPT"] = "0";
            foreach (string inherited in new[] { "GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE" })
                start.Environment.Remove(inherited);
            using Process git = Start(start);
            using (cancellationToken.Register(() => Kill(git)))
            {
                git.StandardInput.Close();
                Task<string> output = git.StandardOutput.ReadToEndAsync(), error = git.StandardError.ReadToEndAsync();
                await Task.WhenAll(output, error).ConfigureAwait(false);
                git.WaitForExit();
                cancellationToken.ThrowIfCancellationRequested();
                return (git.ExitCode, await error.ConfigureAwait(false));
            }
        }
    }

    /// <summary>Returns an address without its credentials.</summary>
    public static string Clean(string uri) => Regex.Replace(uri, "(?<=https?://)[^/\\s]+@", "");

    private static Process Start(ProcessStartInfo start)
    {
        try
        {
            return Process.Start(start)!;
        }
        catch (Win32Exception e)
        {
            throw new MlflowException(ErrorKind.CommandNotFound, $"The program git cannot be started, but a project at a git URI needs it: {e.Message}.", e) { Target = "git" };
        }
    }

    private static void Kill(Process process)
    {
        try
        {
            process.Kill();
        }
        catch (Exception e) when (e is InvalidOperationException or Win32Exception)
        {
            // The process has already ended.
        }
    }
}
