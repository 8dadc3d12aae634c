using Anovos.Mlflow.Configuration;

namespace Anovos.Mlflow.Tests.Configuration;

public class OutputPathTests
{
    [Theory]
    [InlineData("output", "/base/output")]
    [InlineData("./output/", "/base/output")]
    [InlineData("../data//output/", "/data/output")]
    [InlineData("/abs/x/", "/abs/x")]
    [InlineData("dbfs:/FileStore/tables/", "/dbfs/FileStore/tables")]
    [InlineData("dbfs:///FileStore", "/dbfs/FileStore")]
    [InlineData("file:/abs/x", "/abs/x")]
    [InlineData("file:///abs/x", "/abs/x")]
    [InlineData("file://localhost/abs/x", "/abs/x")]
    [InlineData("x:y/z", "/base/x:y/z")]
    public void A_local_path_is_resolved(string text, string expected)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "these are the paths of other systems");
        OutputPath path = OutputPath.Parse(text, "/base")!;
        Assert.Equal((expected, false), (path.Value, path.IsRemote));
    }

    [Theory]
    [InlineData("s3://bucket/a/b/", "s3://bucket/a/b")]
    [InlineData("wasbs://c@a.blob.core.windows.net/x", "wasbs://c@a.blob.core.windows.net/x")]
    [InlineData("abfss://c@a.dfs.core.windows.net/x", "abfss://c@a.dfs.core.windows.net/x")]
    [InlineData("gs://bucket/x", "gs://bucket/x")]
    [InlineData("hdfs://host:8020/x", "hdfs://host:8020/x")]
    [InlineData("S3A://bucket", "S3A://bucket")]
    public void A_remote_path_stays_as_it_is(string text, string expected)
    {
        OutputPath path = OutputPath.Parse(text, "/base")!;
        Assert.Equal((expected, true), (path.Value, path.IsRemote));
        Assert.Equal(expected + "/a/b", path.Child("a/b").Value);
    }

    [Theory]
    [InlineData("report_stats", "report_stats", "report_stats")]
    [InlineData("./report_stats/", "report_stats", "report_stats")]
    [InlineData("a/./b//c/", "c", "a/b/c")]
    [InlineData("../reports/x", "x", "x")]
    [InlineData("a/../b", "b", "b")]
    [InlineData("/abs/x/", "x", "x")]
    [InlineData("dbfs:/FileStore/report_stats", "report_stats", "report_stats")]
    [InlineData("s3://bucket/a/b/", "b", "b")]
    [InlineData("wasbs://c@a.blob.core.windows.net/a/b", "b", "b")]
    [InlineData("s3://bucket", "", "")]
    [InlineData(".", "", "")]
    [InlineData("..", "", "")]
    [InlineData("/", "", "")]
    public void An_artifact_path_is_made_of_it(string text, string name, string artifactPath)
    {
        OutputPath path = OutputPath.Parse(text, Path.GetTempPath())!;
        Assert.Equal((name, artifactPath), (path.Name, path.ArtifactPath));
    }

    [Theory]
    [InlineData("")]
    [InlineData("  ")]
    [InlineData("a\0b")]
    [InlineData("a\nb")]
    public void What_is_no_path_is_none(string text) => Assert.Null(OutputPath.Parse(text, Path.GetTempPath()));

    [Fact]
    public void A_path_of_a_megabyte_is_none() => Assert.Null(OutputPath.Parse(new string('x', 1_000_000), Path.GetTempPath()));

    [Theory]
    [InlineData(".", true)]
    [InlineData("..", true)]
    [InlineData("/", true)]
    [InlineData("x", false)]
    [InlineData("../wo", false)]
    [InlineData("../workx", false)]
    public void A_folder_holds_what_is_below_it(string text, bool expected)
    {
        string work = Path.GetFullPath("/some/work");
        Assert.Equal(expected, OutputPath.Parse(text, work)!.IsOrHolds(work));
    }
}
