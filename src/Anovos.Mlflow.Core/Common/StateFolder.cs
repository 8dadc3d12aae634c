using System.Text.RegularExpressions;

namespace Anovos.Mlflow;

/// <summary>The folder in which this machine records its transfers, one file per run.</summary>
public static class StateFolder
{
    /// <summary>The environment variable that sets another folder.</summary>
    public const string Variable = "ANOVOS_MLFLOW_SENT_PATH";

    /// <summary>
    /// The folder named by <see cref="Variable"/>, or else one in the user's local application data. Null if neither is an absolute path.
    /// </summary>
    /// <param name="variables">The environment.</param>
    public static string? From(EnvironmentVariables variables)
    {
        string folder = variables.Text(Variable)
            ?? Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.LocalApplicationData, Environment.SpecialFolderOption.DoNotVerify), "anovos-mlflow", "sent");
        return LocalPath.IsRooted(folder) ? folder : null;
    }

    /// <summary>True if a run id is safe as a file name: a server may choose any text as an id.</summary>
    internal static bool CanName(string runId) => Regex.IsMatch(runId, @"^[a-zA-Z0-9][\w\-]{0,199}\z");
}
