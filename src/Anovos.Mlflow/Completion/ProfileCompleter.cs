using System.Collections;
using System.Management.Automation;
using System.Management.Automation.Language;
using Anovos.Mlflow.Databricks;

namespace Anovos.Mlflow.PowerShell.Completion;

/// <summary>Completes the names of the profiles in <c>.databrickscfg</c>.</summary>
public sealed class ProfileCompleter : IArgumentCompleter
{
    /// <inheritdoc/>
    public IEnumerable<CompletionResult> CompleteArgument(string commandName, string parameterName, string wordToComplete, CommandAst commandAst, IDictionary fakeBoundParameters)
    {
        try
        {
            return [.. DatabricksConfig.ProfileNames(Environment.GetEnvironmentVariable, Environment.GetFolderPath(Environment.SpecialFolder.UserProfile))
                .Where(name => NameCompletion.Begins(name, wordToComplete))
                .Select(name => NameCompletion.Offer(name, $"profile {name}"))];
        }
        catch (MlflowException)
        {
            // A completer must not show errors while the user types.
            return [];
        }
    }
}
