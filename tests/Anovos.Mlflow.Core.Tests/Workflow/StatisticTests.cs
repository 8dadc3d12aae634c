using Anovos.Mlflow.Tables;
using Anovos.Mlflow.Tests.Tracking;
using Anovos.Mlflow.Tracking;
using Anovos.Mlflow.Workflow;

namespace Anovos.Mlflow.Tests.Workflow;

public sealed partial class StatisticTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    [Fact]
    public void Tables_become_metrics_and_texts_tags()
    {
        Write("global_summary.csv", "metric,value\nrows_count,912\nnumcols_name,\"age, \"\"x\"\"\"\nothercols_name,\n");
        Write("drift_statistics.csv", "attribute,PSI,flagged\nage,7.8687,1\nfnlwgt,,0\n");
        StatisticReport report = Report();

        Assert.Equal(
            [("drift_statistics/age/PSI", 7.8687), ("drift_statistics/age/flagged", 1), ("drift_statistics/fnlwgt/flagged", 0), ("flagged/drift_statistics", 1), ("global_summary/rows_count", 912)],
            Metrics(report));
        Assert.Equal([("flagged/drift_statistics", "age"), ("global_summary/numcols_name", "age, \"x\"")], Tags(report));
        Assert.Equal(["age"], report.FlaggedAttributes["drift_statistics"]);
    }

    [Fact]
    public void By_default_only_some_tables_are_reported_and_patterns_choose_others()
    {
        Write("measures_of_counts.csv", "attribute,missing_pct\nage,0.25\n");
        Write("measures_of_percentiles.csv", "attribute,min,1%\nage,17.0,18.0\ncapital-gain (usd),0,nan\n");
        Assert.Equal([("measures_of_counts/age/missing_pct", 0.25)], Metrics(Report()));
        Assert.Equal(4, Report().NotSelected);

        StatisticReport chosen = Report(["measures_of_percentiles/*/1%", "**/missing_pct"], ["**/missing_pct"]);
        Assert.Equal([("measures_of_percentiles/age/1pct", 18), ("measures_of_percentiles/capital-gain _usd_/1pct", double.NaN)], Metrics(chosen));
        Assert.Equal([("anovos.statistic.name/1pct", "1%"), ("anovos.statistic.name/capital-gain _usd_", "capital-gain (usd)")], Tags(chosen));
    }

    [Fact]
    public void On_a_wide_table_the_default_is_the_flagged_attributes_and_their_count()
    {
        Write("measures_of_counts.csv", "attribute,missing_pct\n" + string.Concat(Enumerable.Range(0, 101).Select(i => $"a{i},0\n")));
        Write("drift_statistics.csv", "attribute,PSI,flagged\n" + string.Concat(Enumerable.Range(0, 5000).Select(i => $"a{i},{i},{(i == 7 ? 1 : 0)}\n")));
        Assert.Equal([("drift_statistics/a7/PSI", 7), ("drift_statistics/a7/flagged", 1), ("flagged/drift_statistics", 1)], Metrics(Report()));
        Assert.Equal(101, Metrics(Report(["measures_of_counts"])).Length);
    }

    [Fact]
    public void Names_become_keys_that_every_store_takes_each_of_its_own()
    {
        Write("measures_of_counts.csv", "attribute,n\na(b),1\na[b],2\nAge,3\nage,4\na/b,5\n..,6\na:b,7\n" + new string('n', 300) + ",8\n" + new string('n', 301) + ",9\n");
        StatisticReport report = Report();
        Assert.Equal(9, report.Data.Metrics.Count);
        Assert.All(report.Data.Metrics, metric => Assert.Null(StoreLimits.Mlflow.WhyInvalidKey(metric.Key)));
        Assert.All(report.Data.Tags, tag => Assert.Null(StoreLimits.Mlflow.WhyInvalidKey(tag.Key)));
        Assert.Equal(9, report.Data.Metrics.Select(metric => metric.Key.ToUpperInvariant()).Distinct().Count());
        Assert.Equal("a[b]", Tags(report).Single(tag => tag.Key == "anovos.statistic.name/a_b__2").Value);
    }

    [Fact]
    public void Part_files_are_a_table_of_their_folders_name_and_other_files_none()
    {
        Write("global_summary/part-00000-x-c000.csv", "metric,value\nrows_count,1\n");
        Write("global_summary/part-00001-x-c000.csv", "metric,value\ncolumns_count,2\n");
        Write("elsewhere/global_summary.csv", "metric,value\nrows_count,3\n");
        Write("freqDist_age.csv", "bin,count\n1,2\n");
        Write("empty.csv", "");
        Write("notes.txt", "metric,value\nx,1\n");
        StatisticReport report = Report();
        Assert.Equal([("global_summary/columns_count", 2), ("global_summary/rows_count", 1)], Metrics(report).Where(metric => metric.Value < 3));
        Assert.Contains("global_summary", Assert.Single(report.Warnings));
    }

    [Fact]
    public void The_column_attribute_need_not_be_the_first()
    {
        Write("variable_clustering.csv", "Cluster,Attribute,RS_Ratio\n0,age,0.5\n");
        Assert.Equal([("variable_clustering/age/Cluster", 0), ("variable_clustering/age/RS_Ratio", 0.5)], Metrics(Report(["variable_clustering"])));
    }

    [Fact]
    public void Real_tables_are_read()
    {
        string folder = SharedMaterial.Copy(_folder, "anovos", "outputs", "report_stats");
        var defaults = new StatisticSelection([], []);
        StatisticReport report = StatisticReport.Of(Directory.GetFiles(folder), defaults, StoreLimits.Mlflow, default);
        Assert.Equal(9, report.Tables);
        Assert.Equal(["age", "education_num", "hours_per_week"], report.FlaggedAttributes["drift_statistics"]);
        Assert.Equal(82, report.Data.Metrics.Count);
    }

    [Fact]
    public void A_table_in_several_files_is_one_and_treated_is_what_flagged_is_elsewhere()
    {
        Write("IDness_detection/part-00000-x-c000.csv", "attribute,unique_values,IDness,treated\nifa,1200,1.0,1\n");
        Write("IDness_detection/part-00001-x-c000.csv", "attribute,unique_values,IDness,treated\nage,70,0.05,0\nfnlwgt,1180,0.98,1\n");
        Write("IDness_detection/part-00002-x-c000.csv", "attribute,unique_values,IDness,treated\n");
        Write("IDness_detection/part-00003-x-c000.csv", "");
        StatisticReport report = Report(["**"]);
        Assert.Equal((1, 2), (report.Tables, report.Data.Metrics.Count(metric => metric.Key.EndsWith("/treated") && metric.Value == 1)));
        Assert.Equal(["ifa", "fnlwgt"], report.FlaggedAttributes["IDness_detection"]);
        Assert.Contains(("flagged/IDness_detection", "ifa, fnlwgt"), Tags(report));
    }

    [Fact]
    public void A_table_in_a_folder_of_a_run_has_the_name_of_the_folder_around_it()
    {
        Write("global_summary/0123456789abcdef0123456789abcdef/part-00000-x-c000.csv", "metric,value\nrows_count,1\n");
        Assert.Equal([("global_summary/rows_count", 1)], Metrics(Report()));
    }

    [Fact]
    public void A_text_that_is_the_same_for_all_attributes_is_a_tag_only_on_request()
    {
        Write("stability_index.csv", "attribute,type,stability_index,flagged\nage,Numerical,3.5,0\nfnlwgt,Numerical,3,0\n");
        Write("measures_of_counts.csv", "attribute,missing_pct,note\nage,0.25,a\nfnlwgt,0.5,b\n");
        StatisticReport report = Report();
        Assert.Equal(["flagged/stability_index", "measures_of_counts/age/note", "measures_of_counts/fnlwgt/note"], Tags(report)
            .Select(tag => tag.Key));
        Assert.Equal([new("fnlwgt", 0.5), new("age", 0.25)], report.MissingShares);
        Assert.Contains(("stability_index/age/type", "Numerical"), Tags(Report(["stability_index"])));
    }

    [Fact]
    public void What_moved_is_what_is_another_value_in_the_same_tables()
    {
        IReadOnlyList<StatisticChange> changes = StatisticChange.Between(
            new Dictionary<string, double> { ["t/a/x"] = 1, ["t/b/x"] = 2, ["t/c/x"] = double.NaN, ["t/gone/x"] = 3, ["time/total"] = 9 },
            new Dictionary<string, double> { ["t/a/x"] = 1.5, ["t/b/x"] = 2, ["t/c/x"] = double.NaN, ["t/new/x"] = 0 });
        Assert.Equal([new("t/a/x", 1, 1.5), new("t/gone/x", 3, null), new("t/new/x", null, 0)], changes);
        Assert.Equal((0.5, 50.0), (changes[0].Change, changes[0].Percent));
        Assert.Null(changes[1].Change);
    }

    [Theory]
    [InlineData("a,b\r\n1,\"x\ny\"\n", "a;b|1;x\ny")]
    [InlineData("\"a \"\"b\"\"\",\"c\\\"d\"", "a \"b\";c\"d")]
    [InlineData("\n\na,\n", "a;")]
    [InlineData("\"open", "open")]
    public void Values_are_separated_as_pandas_and_Spark_write_them(string text, string rows) =>
        Assert.Equal(rows, string.Join("|", CsvText.Rows(new StringReader(text)).Select(row => string.Join(";", row))));

    public void Dispose() => _folder.Dispose();

    private void Write(string name, string content)
    {
        string path = _folder.Below(name);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllText(path, content);
    }

    private StatisticReport Report(string[]? include = null, string[]? exclude = null) => StatisticReport.Of(
        Directory.GetFiles(_folder.FullPath, "*", SearchOption.AllDirectories).Order(StringComparer.Ordinal)
            .OrderBy(file => file.Contains("elsewhere")),
        new StatisticSelection(include ?? [], exclude ?? []),
        StoreLimits.Mlflow,
        default);

    private static (string Key, double Value)[] Metrics(StatisticReport report) => [.. report.Data.Metrics.Select(metric => (metric.Key, metric.Value)).OrderBy(metric => metric.Key, StringComparer.Ordinal)];

    private static (string Key, string Value)[] Tags(StatisticReport report) => [.. report.Data.Tags.Select(tag => (tag.Key, tag.Value)).OrderBy(tag => tag.Key, StringComparer.Ordinal)];
}
