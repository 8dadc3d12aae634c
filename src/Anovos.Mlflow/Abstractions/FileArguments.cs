using System.Management.Automation;
using Anovos.Mlflow.PowerShell.Errors;

namespace Anovos.Mlflow.PowerShell.Abstractions;

/// <summary>Turns <c>-Path</c> and <c>-LiteralPath</c> into paths of the file system.</summary>
internal static class FileArguments
{
    /// <summary>The files and folders that the arguments name; one that names nothing is an error and stops no other.</summary>
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
            // No such file, drive or provider: PowerShell's own message would repeat the name as it is.
            return [];
        }
    }
}
