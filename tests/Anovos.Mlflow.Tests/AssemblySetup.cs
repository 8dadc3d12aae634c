using System.Collections;

// The sessions of a process share its environment variables, and tests change them: all these tests are one collection, in which one
// runs at a time. Tests that only start processes, with CleanEnvironment.Variables, are in collections of their own beside it.
[assembly: CollectionBehavior(CollectionBehavior.CollectionPerAssembly)]
[assembly: AssemblyFixture(typeof(Anovos.Mlflow.Tests.CleanEnvironment))]

namespace Anovos.Mlflow.Tests;

/// <summary>Removes what the shell that runs the tests says about MLflow, pipelines and modules; its pwsh is the restored one.</summary>
public sealed class CleanEnvironment : IDisposable
{
    private readonly string _home = Directory.CreateTempSubdirectory("anovos-mlflow-home-").FullName;

    /// <summary>The home of who runs the tests, where a program may keep what it needs.</summary>
    public static string? Home { get; private set; }

    /// <summary>The environment before the first test: for processes that start while other tests change it.</summary>
    public static IReadOnlyList<(string Name, string? Value)> Variables { get; private set; } = [];

    /// <summary>The PATH in them.</summary>
    public static string SearchPath => Variables.FirstOrDefault(variable => variable.Name == "PATH").Value ?? "";

    public CleanEnvironment()
    {
        foreach (string name in Environment.GetEnvironmentVariables().Keys.Cast<string>().Where(name => name.StartsWith("MLFLOW_", StringComparison.Ordinal)))
            Environment.SetEnvironmentVariable(name, null);
        foreach (string name in new[] { "TF_BUILD", "GITHUB_ACTIONS", "CI", "PSModulePath" })
            Environment.SetEnvironmentVariable(name, null);
        string? path = Environment.GetEnvironmentVariable("PATH");
        Environment.SetEnvironmentVariable("PATH", $"{Path.GetDirectoryName(Repository.Pwsh)}{Path.PathSeparator}{path}");
        Environment.SetEnvironmentVariable("POWERSHELL_TELEMETRY_OPTOUT", "1");

        // On Windows, the policy of the machine may allow no scripts, and views of a module are such.
        Environment.SetEnvironmentVariable("PSExecutionPolicyPreference", "Bypass");
        Home = Environment.GetEnvironmentVariable("HOME");
        Environment.SetEnvironmentVariable("HOME", _home);
        // A test that builds would fetch all packages again for a home of its own.
        if (Home is not null && Environment.GetEnvironmentVariable("NUGET_PACKAGES") is null)
            Environment.SetEnvironmentVariable("NUGET_PACKAGES", Path.Combine(Home, ".nuget", "packages"));
        IEnumerable<DictionaryEntry> variables = Environment.GetEnvironmentVariables().Cast<DictionaryEntry>();
        Variables = [.. variables.Select(variable => ((string)variable.Key, (string?)variable.Value))];
    }

    /// <summary>Removes the home of the tests.</summary>
    public void Dispose() => Directory.Delete(_home, recursive: true);
}
