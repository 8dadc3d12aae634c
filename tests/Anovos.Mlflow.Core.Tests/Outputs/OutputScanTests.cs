using Anovos.Mlflow.Configuration;
using Anovos.Mlflow.Outputs;
using Anovos.Mlflow.Tests.Configuration;

namespace Anovos.Mlflow.Tests.Outputs;

public sealed class OutputScanTests : IDisposable
{
    private const string RunId = "0123456789abcdef0123456789abcdef";
    private const string OtherRun = "fedcba9876543210fedcba9876543210";
    private const string Yaml = """
        timeseries_analyzer: {inspection: True}
        stats_generator: {metric: [global_summary, measures_of_counts]}
        report_preprocessing: {master_path: reports, charts_to_objects: {a: 1}}
        report_generation: {final_report_path: reports}
        write_main: {file_path: output}

        """;

    private readonly string _folder = Directory.CreateTempSubdirectory("anovos-scan-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void A_folder_is_all_that_is_below_it()
    {
        Write("output/final_dataset/part-00000.parquet", 5);
        Write("output/final_dataset/year=2020/part-00000.parquet", 7);
        Write("output/final_dataset/_SUCCESS", 0);
        Write("output/other.txt", 1);
        ScannedOutput found = Scan()["write_main"];
        Assert.True(found.Exists);
        Assert.Equal(
            ["final_dataset/_SUCCESS", "final_dataset/part-00000.parquet", "final_dataset/year=2020/part-00000.parquet"],
            found.Files.Select(file => file.ArtifactPath));
        Assert.Equal((12, 5), (found.Bytes, found.Files[1].Length));
        Assert.Equal(Path.Combine(_folder, "output", "final_dataset", "part-00000.parquet"), found.Files[1].FullPath);
    }

    [Fact]
    public void Checksums_count_only_on_demand_and_other_hidden_files_always()
    {
        Write("output/final_dataset/.part-00000.parquet.crc");
        Write("output/final_dataset/.hidden");
        Write("output/final_dataset/visible.crc");
        Assert.Equal([".hidden", "visible.crc"], Names(Scan()["write_main"]));
        Assert.Equal([".hidden", ".part-00000.parquet.crc", "visible.crc"], Names(Scan(checksums: true)["write_main"]));
    }

    [Fact]
    public void Each_file_has_one_owner()
    {
        Write("reports/global_summary.csv");
        Write("reports/ml_anovos_report.html");
        Write("reports/ts_cols_stats.csv");
        Write("reports/freqDist_age");
        Dictionary<string, ScannedOutput> found = Scan();
        Assert.Equal(["global_summary.csv"], Names(found["stats_generator.global_summary"]));
        Assert.Equal(["ml_anovos_report.html"], Names(found["report_generation"]));
        Assert.Equal(["freqDist_age", "ts_cols_stats.csv"], Names(found["timeseries_analyzer"]));
        Assert.Empty(found["report_preprocessing.charts_to_objects"].Files);
        Assert.True(found["report_preprocessing.charts_to_objects"].Exists);
        Assert.False(found["stats_generator.measures_of_counts"].Exists);
        Assert.Equal("reports/global_summary.csv", found["stats_generator.global_summary"].Files[0].ArtifactPath);
    }

    [Fact]
    public void A_folder_inside_another_keeps_its_files()
    {
        Write("all/data_analyzer/quality_checker/x/part-0.csv");
        Write("all/data_analyzer/quality_checker/x/dataset/part-0.csv");
        IReadOnlyList<ScannedOutput> found = OutputScan.Of(Plan("""
            quality_checker: {x: {a: 1}}
            write_stats: {file_path: all}
            write_intermediate: {file_path: all}
            """));
        Assert.Equal(
            [(OutputKind.Statistic, "data_analyzer/quality_checker/x/part-0.csv"),
                (OutputKind.Intermediate, "data_analyzer/quality_checker/x/dataset/part-0.csv")],
            found.Select(row => (row.Output.Kind, Assert.Single(row.Files).ArtifactPath)));
    }

    [Fact]
    public void Without_a_folder_of_the_run_those_of_other_runs_are_left_out()
    {
        Write("output/final_dataset/part-0");
        Write($"output/final_dataset/{OtherRun}/part-0");
        Write($"output/final_dataset/year=2020/{OtherRun}/part-0");
        Assert.Equal(["final_dataset/part-0", $"final_dataset/year=2020/{OtherRun}/part-0"],
            Scan(runId: RunId)["write_main"].Files.Select(file => file.ArtifactPath));
    }

    [Fact]
    public void A_folder_of_the_run_is_preferred()
    {
        Write("output/final_dataset/part-0");
        Write($"output/final_dataset/{RunId}/part-1");
        Write($"reports/{RunId}/global_summary.csv");
        Write("reports/measures_of_counts.csv");
        Write("reports/ts_cols_stats.csv");
        Dictionary<string, ScannedOutput> found = Scan(runId: RunId);
        Assert.Equal("final_dataset/part-1", Assert.Single(found["write_main"].Files).ArtifactPath);
        Assert.Equal("reports/global_summary.csv", Assert.Single(found["stats_generator.global_summary"].Files).ArtifactPath);

        // The run's folder exists but lacks this file. Time series tables are always written next to that folder.
        Assert.False(found["stats_generator.measures_of_counts"].Exists);
        Assert.Contains("ts_cols_stats.csv", Names(found["timeseries_analyzer"]));
    }

    [Fact]
    public void What_is_remote_or_not_written_is_not_looked_for()
    {
        foreach (ScannedOutput row in OutputScan.Of(Plan("join_dataset: {a: 1}\nwrite_main: {file_path: 's3://bucket/x'}\n")))
        {
            Assert.False(row.Exists);
            Assert.Empty(row.Files);
        }
    }

    [Fact]
    public void Links_to_folders_are_not_followed_and_links_to_files_are()
    {
        Assert.SkipWhen(Type.GetType("Mono.Runtime") is not null && !OperatingSystem.IsWindows(),
            "Links are followed by calls of Windows on .NET Framework.");
        Write("elsewhere/secret");
        Write("elsewhere/data", 9);
        Write("output/final_dataset/part-0");
        try
        {
            Directory.CreateSymbolicLink(Path.Combine(_folder, "output", "final_dataset", "loop"), Path.Combine(_folder, "output"));
            Directory.CreateSymbolicLink(Path.Combine(_folder, "output", "final_dataset", "away"), Path.Combine(_folder, "elsewhere"));
            File.CreateSymbolicLink(Path.Combine(_folder, "output", "final_dataset", "linked"), Path.Combine(_folder, "elsewhere", "data"));
            File.CreateSymbolicLink(Path.Combine(_folder, "output", "final_dataset", "broken"), Path.Combine(_folder, "gone"));
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            Assert.Skip("symbolic links need a permission that this account lacks");
        }

        ScannedOutput found = Scan()["write_main"];
        Assert.Equal([("linked", 9L), ("part-0", 1L)], found.Files.Select(file => (Path.GetFileName(file.FullPath), file.Length)));
        Assert.Contains("broken", Assert.Single(found.Errors));
    }

    [Fact]
    public void An_output_that_is_itself_a_link_is_followed()
    {
        Write("elsewhere/part-0");
        Directory.CreateDirectory(Path.Combine(_folder, "output"));
        try
        {
            Directory.CreateSymbolicLink(Path.Combine(_folder, "output", "final_dataset"), Path.Combine(_folder, "elsewhere"));
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            Assert.Skip("symbolic links need a permission that this account lacks");
        }

        Assert.Equal("final_dataset/part-0", Assert.Single(Scan()["write_main"].Files).ArtifactPath);
    }

    [Fact]
    public void A_folder_that_cannot_be_read_is_an_error_of_its_output_alone()
    {
        Assert.SkipWhen(Environment.IsPrivilegedProcess, "root can read everything");
        Write("output/final_dataset/part-0");
        Write("output/final_dataset/closed/part-0");
        string closed = Path.Combine(_folder, "output", "final_dataset", "closed");
        if (OperatingSystem.IsWindows())
            Assert.Skip("folder permissions are set differently on Windows");
        else
            File.SetUnixFileMode(closed, UnixFileMode.None);

        ScannedOutput found = Scan()["write_main"];
        if (!OperatingSystem.IsWindows())
            File.SetUnixFileMode(closed, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        Assert.Contains("closed", Assert.Single(found.Errors));
        Assert.Equal(["part-0"], Names(found));
    }

    [Fact]
    public void The_search_can_be_cancelled()
    {
        Write("output/final_dataset/part-0");
        Assert.Throws<OperationCanceledException>(() => OutputScan.Of(Plan(Yaml),
            cancellationToken: new CancellationToken(canceled: true)));
    }

    private static IEnumerable<string?> Names(ScannedOutput output) => output.Files.Select(file => Path.GetFileName(file.FullPath));

    private AnovosPlan Plan(string yaml, string? runId = null) => AnovosPlan.Of(Sample.Read(yaml), _folder, runId);

    private Dictionary<string, ScannedOutput> Scan(string? runId = null, bool checksums = false) =>
        OutputScan.Of(Plan(Yaml, runId), checksums).ToDictionary(row => row.Output.Step);

    private void Write(string path, int length = 1)
    {
        string full = Path.Combine(_folder, path);
        Directory.CreateDirectory(Path.GetDirectoryName(full)!);
        File.WriteAllBytes(full, new byte[length]);
    }
}
