using System.Text.RegularExpressions;

namespace Anovos.Mlflow.Workflow;

/// <summary>Determines whether Spark runs a workflow on this machine or elsewhere.</summary>
public static class SparkPlace
{
    /// <summary>The reason why a Databricks job has no system metrics.</summary>
    public const string WhyMissingOfJob =
        "The workflow runs as a Databricks job and has no system metrics: they would describe this machine.";

    private static readonly string[] ClusterRunTypes = ["databricks", "emr", "ak8s"];

    // The arguments of spark-submit, with shell quotes.
    private static readonly Regex Words = new("\"[^\"]*\"|'[^']*'|\\S+", RegexOptions.CultureInvariant);

    /// <summary>A sentence about parts of the workflow on other machines, which have no system metrics; null if there are none.</summary>
    /// <param name="arguments">The arguments of the workflow's program.</param>
    /// <param name="runType">Anovos' run type; null if there is none.</param>
    /// <param name="environment">Returns the value of a variable in the program's environment.</param>
    public static string? WhyMissing(IReadOnlyList<string> arguments, string? runType, Func<string, string?> environment)
    {
        Match[] words = [.. Words.Matches(environment("PYSPARK_SUBMIT_ARGS") ?? "").Cast<Match>()];
        string[][] places = [[.. arguments], [.. words.Select(word => word.Value.Trim('"', '\''))]];
        string? master = places.Select(words => Option(words, "--master", "spark.master")).FirstOrDefault(found => found is not null)
            ?? NonEmpty(environment("SPARK_REMOTE")) ?? NonEmpty(environment("MASTER"));
        bool isCluster = places.Any(words => Option(words, "--deploy-mode", "spark.submit.deployMode") == "cluster");
        bool isHere = master is null
            ? !ClusterRunTypes.Contains(runType)
            : master.StartsWith("local", StringComparison.OrdinalIgnoreCase) && !isCluster;
        if (isHere)
            return null;
        string where = master is null ? $"the run type {runType}" : $"the master {UriCredentials.Hide(master)}";
        string what = isCluster ? "driver and executors" : "executors";
        return $"Spark runs with {where}: the system metrics do not include the resources that its {what} use on other machines.";
    }

    // Accepts "--master yarn", "--master=yarn", "--conf spark.master=yarn" or "--conf=spark.master=yarn".
    private static string? Option(string[] words, string option, string setting)
    {
        string? found = null;
        for (int i = 0; i < words.Length; i++)
        {
            bool isConfiguration = words[i] is "--conf" or "-c" || words[i].StartsWith("--conf=", StringComparison.Ordinal);
            string name = isConfiguration ? setting : option;
            string value = isConfiguration ? Rest(words, ref i) ?? "" : words[i] == option ? $"{option}={Rest(words, ref i)}" : words[i];
            if (value.StartsWith(name + "=", StringComparison.Ordinal) && value.Length > name.Length + 1)
                found = value.Substring(name.Length + 1);
        }

        return found;
    }

    // The value of an option: after "=" in the same word, or the next word.
    private static string? Rest(string[] words, ref int i)
    {
        int at = words[i].IndexOf('=');
        return at >= 0 ? words[i].Substring(at + 1) : i + 1 < words.Length ? words[++i] : null;
    }

    private static string? NonEmpty(string? text) => string.IsNullOrEmpty(text) ? null : text;
}
