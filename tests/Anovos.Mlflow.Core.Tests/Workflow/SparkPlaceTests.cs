using Anovos.Mlflow.Workflow;

namespace Anovos.Mlflow.Tests.Workflow;

/// <summary>Tests whether a workflow runs on this machine, judged by the arguments of spark-submit and Anovos.</summary>
public sealed class SparkPlaceTests
{
    [Theory]
    [InlineData("main.py")]
    [InlineData("--master local[*] main.py")]
    [InlineData("--master=local main.py")]
    [InlineData("--conf spark.master=local[2] main.py")]
    [InlineData("main.py config.yaml", "local")]
    [InlineData("main.py", "local", "PYSPARK_SUBMIT_ARGS=--master local[*] pyspark-shell")]
    [InlineData("--master local[4] main.py", "emr")]
    [InlineData("--conf spark.executor.memory=4g main.py")]
    [InlineData("main.py --master")]
    public void A_local_one_is_whole(string arguments, string? runType = null, string? variable = null) =>
        Assert.Null(Why(arguments, runType, variable));

    [Theory]
    [InlineData("--master yarn main.py", "the master yarn", "its executors")]
    [InlineData("--master=k8s://https://host:6443 main.py", "the master k8s://https://host:6443", "its executors")]
    [InlineData("--master spark://user:secret@host:7077 main.py", "the master spark://…@host:7077", "its executors")]
    [InlineData("--conf spark.master=yarn main.py", "the master yarn", "its executors")]
    [InlineData("--conf=spark.master=yarn main.py", "the master yarn", "its executors")]
    [InlineData("-c spark.master=yarn --deploy-mode cluster main.py", "the master yarn", "its driver and executors")]
    [InlineData("--master yarn --conf spark.submit.deployMode=cluster main.py", "the master yarn", "its driver and executors")]
    [InlineData("main.py", "the run type emr", "its executors", "emr")]
    [InlineData("main.py", "the run type databricks", "its executors", "databricks")]
    [InlineData("main.py", "the master yarn", "its executors", null, "MASTER=yarn")]
    [InlineData("main.py", "the master sc://host", "its executors", "local", "SPARK_REMOTE=sc://host")]
    [InlineData("main.py", "the master yarn", "its executors", null, "PYSPARK_SUBMIT_ARGS='--master' \"yarn\" pyspark-shell")]
    public void What_runs_elsewhere_is_missing(string arguments, string where, string what, string? runType = null, string? variable = null)
    {
        string why = Why(arguments, runType, variable)!;
        Assert.Contains($"Spark runs with {where}: ", why);
        Assert.Contains($"do not include the resources that {what} use", why);
        Assert.DoesNotContain("secret", why);
    }

    private static string? Why(string arguments, string? runType, string? variable)
    {
        string[] pair = variable?.Split(['='], 2) ?? ["", ""];
        return SparkPlace.WhyMissing(arguments.Split(' '), runType, name => name == pair[0] ? pair[1] : null);
    }
}
