// The sessions of a process share its environment variables, and the tests are about those too.
[assembly: Xunit.v3.Parallelization(Mode = Xunit.Sdk.ParallelMode.None)]
[assembly: AssemblyFixture(typeof(Anovos.Mlflow.Tests.CleanEnvironment))]

namespace Anovos.Mlflow.Tests;

/// <summary>Removes what the shell that runs the tests says about MLflow, pipelines and modules; its pwsh is the restored one.</summary>
public sealed class CleanEnvironment
{
    /// <summary>The home of who runs the tests, where a program may keep what it needs.</summary>
    public static string? Home { get; private set; }

    public CleanEnvironment()
    {
        foreach (string name in Environment.GetEnvironmentVariables().Keys.Cast<string>().Where(name => name.StartsWith("MLFLOW_", StringComparison.Ordinal)))
            Environment.SetEnvironmentVariable(name, null);
        Environment.SetEnvironmentVariable("TF_BUILD", null);
        Environment.SetEnvironmentVariable("PSModulePath", null);
        string? path = Environment.GetEnvironmentVariable("PATH");
        Environment.SetEnvironmentVariable("PATH", $"{Path.GetDirectoryName(Repository.Pwsh)}{Path.PathSeparator}{path}");
        Environment.SetEnvironmentVariable("POWERSHELL_TELEMETRY_OPTOUT", "1");
        Home = Environment.GetEnvironmentVariable("HOME");
        Environment.SetEnvironmentVariable("HOME", Directory.CreateTempSubdirectory("anovos-mlflow-home-").FullName);
    }
}
