using System.Text;
using Anovos.Mlflow.Configuration;
using Anovos.Mlflow.Tests.Tracking;
using Anovos.Mlflow.Tracking;
using Anovos.Mlflow.Workflow;

namespace Anovos.Mlflow.Tests.Workflow;

public sealed class WorkflowInputsTests : IDisposable
{
    private const string Yaml = """
        input_dataset:
          read_dataset:
            file_path: data/income
            file_type: csv
        join_dataset:
          join_cols: ifa
          dataset1:
            read_dataset:
              file_path: s3://user:pw@bucket/join
              file_type: avro
        concatenate_dataset: null
        anovos_basic_report:
          basic_report: False
        drift_detector:
          drift_statistics:
            source_dataset:
              read_dataset:
                file_path: data/missing
          stability_index:
            dataset1:
              read_dataset:
                file_path: data/income/part-0.csv
        """;

    private readonly TemporaryFolder _folder = new();

    [Fact]
    public async Task Each_dataset_that_the_workflow_reads_is_named_by_its_step()
    {
        Write("data/income/part-0.csv", "a,b");
        Write("data/income/_SUCCESS", "");
        IReadOnlyList<DatasetInput> inputs = await Of(Yaml);

        Assert.Equal(
            ["input_dataset", "join_dataset.dataset1", "drift_detector.drift_statistics.source_dataset", "drift_detector.stability_index.dataset1"],
            inputs.Select(input => input.Name));
        Assert.Equal(["input", "join", "drift_statistics", "stability_index"], inputs.Select(input => Assert.Single(input.Tags).Value));
        Assert.Equal(("local", """{"uri":"data/income"}""", """{"file_type":"csv","files":1,"bytes":3,"digest_of":"content"}"""), (inputs[0].SourceType, inputs[0].Source, inputs[0].Profile));
        Assert.Equal(("s3", """{"uri":"s3://user:***@bucket/join"}"""), (inputs[1].SourceType, inputs[1].Source));
        Assert.All(inputs, input => Assert.Matches("^[0-9a-f]{16}$", input.Digest));
    }

    [Fact]
    public async Task The_digest_follows_the_content_of_local_files_and_nothing_else()
    {
        Write("data/income/part-0.csv", "a,b");
        string first = (await Of(Yaml))[0].Digest;

        Write("data/income/_SUCCESS", "now");
        Write("data/income/.part-0.csv.crc", "x");
        File.SetLastWriteTimeUtc(Path.Combine(_folder.FullPath, "data/income/part-0.csv"), new DateTime(2020, 1, 1, 0, 0, 0, DateTimeKind.Utc));
        Assert.Equal(first, (await Of(Yaml))[0].Digest);

        Write("data/income/part-0.csv", "a,c");
        string changed = (await Of(Yaml))[0].Digest;
        Assert.NotEqual(first, changed);

        File.Move(Path.Combine(_folder.FullPath, "data/income/part-0.csv"), Path.Combine(_folder.FullPath, "data/income/part-1.csv"));
        Assert.NotEqual(changed, (await Of(Yaml))[0].Digest);
    }

    [Fact]
    public async Task The_basic_report_reads_no_drift_data() => Assert.Equal(
        ["input_dataset", "join_dataset.dataset1"], (await Of(Yaml.Replace("basic_report: False", "basic_report: True"))).Select(input => input.Name));

    [Fact]
    public async Task The_full_workflow_reads_fourteen_datasets()
    {
        AnovosConfig config = AnovosConfig.Load(Path.Combine(SharedMaterial.Copy(_folder, "anovos", "configs"), "configs_full.yaml"));
        Assert.Equal(14, (await WorkflowInputs.OfAsync(config, _folder.FullPath, StoreLimits.Mlflow, default)).Count);
    }

    public void Dispose() => _folder.Dispose();

    private Task<IReadOnlyList<DatasetInput>> Of(string yaml) =>
        WorkflowInputs.OfAsync(
        AnovosConfig.Parse(Encoding.UTF8.GetBytes(yaml), "config.yaml"), _folder.FullPath, StoreLimits.Mlflow, default);

    private void Write(string name, string content)
    {
        string path = Path.Combine(_folder.FullPath, name);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllText(path, content);
    }
}
