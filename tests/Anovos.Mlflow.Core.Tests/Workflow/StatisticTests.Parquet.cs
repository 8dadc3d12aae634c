using Anovos.Mlflow.Tracking;
using Anovos.Mlflow.Workflow;
using Parquet.Schema;
using Parquet.Serialization;

namespace Anovos.Mlflow.Tests.Workflow;

/// <summary>The tests that write Parquet: its library needs .NET 8.</summary>
public sealed partial class StatisticTests
{
    [Fact]
    public void Real_tables_in_Parquet_are_read_part_files_without_rows_among_them()
    {
        string stats = Recording.Of("e_no_master_path").Files;
        string[] files = Directory.GetFiles(Path.Combine(stats, "stats"), "*", SearchOption.AllDirectories);
        StatisticReport report = StatisticReport.Of(files, new StatisticSelection([], []), StoreLimits.Mlflow, default);
        Assert.Empty(report.Warnings);
        Assert.Equal(19, report.Tables);
        Dictionary<string, double> metrics = report.Data.Metrics.ToDictionary(metric => metric.Key, metric => metric.Value);
        Assert.Equal((1212, 1193), (metrics["global_summary/rows_count"], metrics["measures_of_counts/age/fill_count"]));
        Assert.DoesNotContain(report.Data.Tags, tag => tag.Key.EndsWith("/type"));

        // The same workflow with a master path writes the same tables as CSV.
        string[] csv = Directory.GetFiles(Path.Combine(Recording.Of("b_full_no_mlflow").Files, "report_stats"), "*.csv");
        StatisticReport other = StatisticReport.Of(csv, new StatisticSelection([], []), StoreLimits.Mlflow, default);
        Assert.Equal(metrics, other.Data.Metrics.ToDictionary(metric => metric.Key, metric => metric.Value));
        Assert.Equal(report.FlaggedAttributes.OrderBy(table => table.Key, StringComparer.Ordinal).Select(table => table.Key),
            other.FlaggedAttributes.OrderBy(table => table.Key, StringComparer.Ordinal).Select(table => table.Key));
    }

    [Fact]
    public async Task Parquet_has_the_values_that_comma_separated_files_have_and_what_is_none_is_said()
    {
        string file = _folder.Below("drift_statistics.parquet");
        var schema = new ParquetSchema(new DataField<string>("attribute"), new DataField<double?>("PSI"), new DataField<int?>("flagged"));
        await using (FileStream stream = File.Create(file))
        {
            await ParquetSerializer.SerializeUntypedAsync(
                [
                    new Dictionary<string, object?> { ["attribute"] = "age", ["PSI"] = 0.1, ["flagged"] = 1 },
                    new Dictionary<string, object?> { ["attribute"] = "größe", ["PSI"] = null, ["flagged"] = 0 },
                ],
                schema, stream);
        }

        Write("broken.parquet", "PAR1 and no more");
        StatisticReport report = Report();
        Assert.Equal([("drift_statistics/age/PSI", 0.1), ("drift_statistics/age/flagged", 1), ("drift_statistics/größe/flagged", 0),
            ("flagged/drift_statistics", 1)],
            Metrics(report));
        Assert.Contains("broken.parquet cannot be read", Assert.Single(report.Warnings));
    }
}
