using System.Collections;

// The sessions of a process share its environment variables, and tests change them. So all these tests are in one collection, which
// runs one test at a time. Tests that only start processes, with CleanEnvironment.Variables, are in collections of their own.
[assembly: CollectionBehavior(CollectionBehavior.CollectionPerAssembly)]
[assembly: AssemblyFixture(typeof(Anovos.Mlflow.Tests.CleanEnvironment))]

namespace Anovos.Mlflow.Tests;

/// <summary>Removes the shell's variables about MLflow, pipelines and modules; pwsh is the one that the build restored.</summary>
public sealed class CleanEnvironment : IDisposable
{
    private readonly string _home = Directory.CreateTempSubdirectory("anovos-mlflow-home-").FullName;

    /// <summary>The home folder of the user who runs the tests; a program may keep its files there.</summary>
    public static string? Home { get; private set; }

    /// <summary>The environment before the first test, for processes that start while other tests change it.</summary>
    public static IReadOnlyList<(string Name, string? Value)> Variables { get; private set; } = [];

    /// <summary>The PATH of these variables.</summary>
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

        // On Windows, the machine's policy may forbid scripts, and a module's views are scripts.
        Environment.SetEnvironmentVariable("PSExecutionPolicyPreference", "Bypass");
        Home = Environment.GetEnvironmentVariable("HOME");
        Environment.SetEnvironmentVariable("HOME", _home);
        // With its own home folder, a test that builds would download all packages again.
        if (Home is not null && Environment.GetEnvironmentVariable("NUGET_PACKAGES") is null)
            Environment.SetEnvironmentVariable("NUGET_PACKAGES", Path.Combine(Home, ".nuget", "packages"));
        IEnumerable<DictionaryEntry> variables = Environment.GetEnvironmentVariables().Cast<DictionaryEntry>();
        Variables = [.. variables.Select(variable => ((string)variable.Key, (string?)variable.Value))];
    }

    /// <summary>Removes the home folder of the tests.</summary>
    public void Dispose() => Directory.Delete(_home, recursive: true);
}
