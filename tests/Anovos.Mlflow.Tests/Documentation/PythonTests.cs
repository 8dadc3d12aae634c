using System.Text.RegularExpressions;

namespace Anovos.Mlflow.Tests.Documentation;

/// <summary>Tests docs/python.md, which lists the cmdlets with their counterparts in MLflow's Python client.</summary>
public sealed partial class PythonTests
{
    private const string Program =
        """
        import sys, mlflow
        print("version", mlflow.__version__)
        for name in sys.argv[1:]:
            at = mlflow
            for part in name.removeprefix("mlflow.").split("."):
                at = getattr(at, part, None)
            if at is None:
                print("missing", name)
        """;

    private static Page Table => Page.Typed.Single(page => page.Path == "docs/python.md");

    [Fact]
    public void Every_cmdlet_is_in_the_table_once()
    {
        using var session = new ScriptSession();
        string[] listed = [.. Table.TableRows.Select(row => Cmdlet().Match(row[0])).Where(match => match.Success).Select(match => match.Value)];
        Assert.Equal(session.Run("Get-Command -Module Anovos.Mlflow | ForEach-Object Name").Clean().Texts.Order(StringComparer.Ordinal), listed.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Every_name_of_Python_is_there()
    {
        string? python = Environment.GetEnvironmentVariable("ANOVOS_TEST_MLFLOW_PYTHON");
        Assert.SkipWhen(string.IsNullOrEmpty(python), "ANOVOS_TEST_MLFLOW_PYTHON is not set");
        string version = Run(python!).First().Split(' ')[1];
        string[] names = [.. Table.TableRows.Where(row => row.Length > 1 && !(row[^1].Contains("MLflow 3") && version.StartsWith('2'))).SelectMany(row => Name().Matches(row[1])).Select(match => match.Value.Replace("MlflowClient", "mlflow.MlflowClient")).Distinct()];
        Assert.NotEmpty(names);
        Assert.Equal([], Run(python!, names).Skip(1));
    }

    private static string[] Run(string python, params string[] names)
    {
        (string, string?)[] environment = [("PATH", CleanEnvironment.SearchPath), ("HOME", Path.GetTempPath())];
        (int exitCode, string output, string error) = CleanProcess.Run(python, ["-c", Program, .. names], Path.GetTempPath(), environment);
        Assert.True(exitCode == 0, error);
        return output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
    }

    [GeneratedRegex(@"[A-Z]\w+-[A-Z]\w+", RegexOptions.CultureInvariant)]
    private static partial Regex Cmdlet();

    [GeneratedRegex(@"\b(mlflow|MlflowClient)(\.\w+)+", RegexOptions.CultureInvariant)]
    private static partial Regex Name();
}
