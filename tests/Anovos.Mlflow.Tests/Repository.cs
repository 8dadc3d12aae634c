using System.Reflection;

namespace Anovos.Mlflow.Tests;

/// <summary>The paths in this checkout.</summary>
internal static class Repository
{
    public static string Root { get; } = FindRoot();

    /// <summary>The module as staged by the build.</summary>
    public static string StagedModule { get; } = Path.TrimEndingDirectorySeparator(Path.GetFullPath(Metadata("StagedModule")));

    /// <summary>The host's assembly, to be run with <c>dotnet</c>.</summary>
    public static string Host { get; } = Path.GetFullPath(Metadata("HostPath"));

    /// <summary>
    /// The program that runs the host with <see cref="HostArguments"/>: <c>dotnet</c>, or the published host that a variable names.
    /// </summary>
    public static string HostProgram => PublishedHost ?? CleanProcess.Find("dotnet") ?? "dotnet";

    /// <summary>The pwsh that the build restored.</summary>
    public static string Pwsh { get; } = Metadata("PwshPath");

    /// <summary>The Pester module that the build restored.</summary>
    public static string Pester { get; } = Metadata("PesterPath");

    /// <summary>Debug or Release, as these tests were built.</summary>
    public static string Configuration { get; } = Metadata("Configuration");

    /// <summary>The folder of restored packages.</summary>
    public static string Packages { get; } = Metadata("PackagesPath");

    /// <summary>The material next to the repository; skips the test if it is missing.</summary>
    public static string Shared(string path)
    {
        string full = Path.GetFullPath(Path.Combine(Root, "..", "shared", path));
        Assert.SkipUnless(Path.Exists(full), $"../shared/{path} is not here");
        return full;
    }

    private static string? PublishedHost => Environment.GetEnvironmentVariable("ANOVOS_TEST_HOST");

    /// <summary>The arguments of <see cref="HostProgram"/> for running the host.</summary>
    public static string[] HostArguments(params string[] arguments) => PublishedHost is null ? [Host, .. arguments] : arguments;

    private static string Metadata(string key) =>
        typeof(Repository).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().Single(metadata => metadata.Key == key).Value!;

    private static string FindRoot()
    {
        for (DirectoryInfo? at = new(AppContext.BaseDirectory); at is not null; at = at.Parent)
        {
            if (File.Exists(Path.Combine(at.FullName, "Anovos.PowerShell.sln")))
                return at.FullName;
        }

        throw new InvalidOperationException("The tests do not lie in the repository.");
    }
}
