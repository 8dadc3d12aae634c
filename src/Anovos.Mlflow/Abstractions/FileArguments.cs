using System.Management.Automation;
using Anovos.Mlflow.PowerShell.Errors;

namespace Anovos.Mlflow.PowerShell.Abstractions;

/// <summary>Resolves <c>-Path</c> and <c>-LiteralPath</c> to file system paths.</summary>
internal static class FileArguments
{
    /// <summary>Returns the files and folders that match the arguments. An argument without a match is a non-terminating error.</summary>
    public static IEnumerable<string> Resolve(MlflowCommand cmdlet, IEnumerable<string> paths, bool literal, string errorId)
    {
        foreach (string path in paths)
        {
            IReadOnlyCollection<string> found = ResolveOne(cmdlet, path, literal);
            if (found.Count == 0)
            {
                var e = new FileNotFoundException(SafeText.Of($"There is no file or folder '{path}'. Paths are relative to {cmdlet.SessionState.Path.CurrentLocation}."), path);
                cmdlet.WriteError(new ErrorRecord(e, errorId, ErrorCategory.ObjectNotFound, path).Safe());
            }

            foreach (string item in found)
                yield return item;
        }
    }

    private static IReadOnlyCollection<string> ResolveOne(PSCmdlet cmdlet, string path, bool literal)
    {
        try
        {
            if (!literal)
                return cmdlet.GetResolvedProviderPathFromPSPath(path, out ProviderInfo provider) is { } found && provider.Name == "FileSystem" ? found : [];
            string full = cmdlet.SessionState.Path.GetUnresolvedProviderPathFromPSPath(path);
            return File.Exists(full) || Directory.Exists(full) ? [full] : [];
        }
        catch (Exception e) when (e is SessionStateException or WildcardPatternException)
        {
            // The file, drive or provider does not exist. PowerShell's own message would repeat the name unsanitized.
            return [];
        }
    }
}
