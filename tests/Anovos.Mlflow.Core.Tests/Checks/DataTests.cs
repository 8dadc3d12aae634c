using System.Text;
using Anovos.Mlflow.Checks;
using Anovos.Mlflow.Configuration;
using Anovos.Mlflow.Tables;
using Anovos.Mlflow.Tests.Tracking;

namespace Anovos.Mlflow.Tests.Checks;

/// <summary>Tests that column names are checked against the headers of input data below a folder.</summary>
public sealed class DataTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    [Fact]
    public void A_column_that_the_data_do_not_have_is_an_error_where_a_step_needs_it()
    {
        WriteCsv();
        Assert.Equal([], Check(Workflows.Small));
        Assert.Equal(["E column-unknown transformers.numerical_binning.attribute_binning.list_of_cols: Write 'age'."],
            Check(Workflows.With("age|income", "agee|income")));
        Assert.Equal(["W column-ignored stats_generator.metric_args.drop_cols: Write 'id'."], Check(Workflows.With("drop_cols: [id]",
            "drop_cols: [idd]")));
        Assert.Equal(["W column-ignored input_dataset.delete_column: Write 'notes'."], Check(Workflows.With("[notes]", "[note]")));
        Assert.Equal(["E column-unknown input_dataset.recast_column: Write 'age'."], Check(Workflows.With("list_of_cols: [age]",
            "list_of_cols: [aage]")));
    }

    [Theory]
    [InlineData("age|income", "notes", "E column-dropped")]
    [InlineData("age|income", "post-code", "E column-dropped")]
    [InlineData("age|income", "post_code", "")]
    [InlineData("age|income", "AGE", "")]
    public void Columns_are_followed_through_the_steps(string old, string names, string findings)
    {
        WriteCsv();
        Assert.Equal(findings, string.Join("|", Check(Workflows.With(old, names)).Select(text => text[..text.IndexOf(' ', 2)])));
    }

    [Fact]
    public void A_column_that_a_step_drops_is_gone_also_where_no_data_are_read()
    {
        string yaml = Workflows.With("nullRows_detection:",
            "duplicate_detection: {list_of_cols: all, drop_cols: [age], treatment: True}\n  nullRows_detection:");
        Assert.Equal(["I column-dropped", "E column-dropped"],
            Workflows.Check(yaml).Select(item => $"{item.Severity.ToString()[0]} {item.Rule}"));
    }

    [Fact]
    public void Without_a_folder_or_with_data_left_alone_nothing_is_read()
    {
        WriteCsv();
        string yaml = Workflows.With("age|income", "agee|income");
        Assert.Empty(Workflows.Check(yaml));
        Assert.Empty(Workflows.Check(yaml, new WorkflowCheckOptions { BasePath = _folder.FullPath }));
    }

    [Theory]
    [InlineData("data/custmers/csv", "E data-missing input_dataset.read_dataset.file_path: Write 'data/customers/csv'.")]
    [InlineData("data/empty", "E data-missing input_dataset.read_dataset.file_path: Check the path and -BasePath.")]
    [InlineData("/elsewhere/csv", null)]
    [InlineData("../csv", null)]
    [InlineData("data/*/csv", null)]
    [InlineData("s3://bucket/csv", null)]
    [InlineData("wasbs://container@account.blob.core.windows.net/csv", null)]
    public void Data_that_are_missing_below_the_folder_are_an_error_and_others_are_left_alone(string path, string? finding)
    {
        WriteCsv();
        Directory.CreateDirectory(Path.Combine(_folder.FullPath, "data", "empty"));
        Assert.Equal(finding is null ? [] : [finding], Check(Workflows.With("data/customers/csv", path)));
    }

    [Theory]
    [InlineData("header: True, delimiter: ','", "id,age,income,post-code,notes\n1,2,3,4,5\n", "")]
    [InlineData("header: 'true', sep: ';'", "id;age;income;post-code;notes\n", "")]
    [InlineData("header: True, delimiter: '||'", "id||age||income||post-code||notes\n", "")]
    [InlineData("header: True", "\"id\",\"age\",\"in\"\"come\",post-code,notes\n", "E column-unknown")]
    [InlineData("header: True, encoding: utf-16", "nothing that is read\n", "")]
    [InlineData("inferSchema: True", "1,2,3,4,5\n",
        "W column-ignored|W column-ignored|E column-unknown|W column-ignored|E column-unknown|E column-unknown")]
    public void A_csv_header_is_read_as_its_options_say(string options, string text, string findings)
    {
        Write("data/customers/csv/part-0.csv", text);
        string yaml = Workflows.With("file_configs: {header: True, delimiter: ',', inferSchema: True}\n  delete",
            $"file_configs: {{{options}}}\n  delete");
        Assert.Equal(findings, string.Join("|", Check(yaml).Select(found => found[..found.IndexOf(' ', 2)])));
    }

    [Fact]
    public void Json_lines_have_the_keys_of_all_lines()
    {
        Write("data/customers/csv/part-0.json", "{\"id\": 1, \"age\": 2, \"notes\": null}\n{\"income\": 3, \"post-code\": \"4\"}\n");
        string json = Workflows.Small.Replace("file_type: csv\n    file_configs: {header: True, delimiter: ',', inferSchema: "
            + "True}\n  delete", "file_type: json\n  delete");
        Assert.Equal([], Check(json));
        Assert.Equal(["E column-unknown"], Check(json.Replace("age|income", "agee")).Select(text => text[..text.IndexOf(' ', 2)]));
    }

    [Fact]
    public void An_avro_container_has_its_schema_in_its_header()
    {
        byte[] schema = Encoding.UTF8.GetBytes("""
            {"type": "record", "name": "c", "fields": [{"name": "id", "type": "int"}, {"name": "age", "type": "int"}]}
            """);
        byte[] key = Encoding.UTF8.GetBytes("avro.schema");
        Write("data/a/part-0.avro", [(byte)'O', (byte)'b', (byte)'j', 1, 2, (byte)(key.Length * 2), .. key, .. Zigzag(schema.Length),
            .. schema, 0]);
        const string Yaml = "input_dataset:\n  read_dataset: {file_path: data/a, file_type: avro}\n  select_column: [id, "
            + "aeg]\nwrite_main: {file_path: o, file_type: csv, file_configs: {mode: append}}\n";
        Assert.Equal(["E column-unknown input_dataset.select_column: Write 'age'."], Check(Yaml));
    }

    [Fact]
    public void Parquet_and_the_inputs_of_real_runs_have_the_columns_that_the_workflows_use()
    {
        Assert.SkipUnless(ParquetHeader.IsSupported, "Parquet is read on .NET 8 and later");
        string real = SharedMistakesTests.Folder("real");
        var options = new WorkflowCheckOptions { BasePath = Path.Combine(real, "_input"), ReadsData = true, RunType = "local" };
        foreach (string run in new[] { "b_full_no_mlflow", "c1_basic", "e_no_master_path", "a3_full_mlflow_noreports", "i_python_dash_m" })
            Assert.Equal([], Alarms(Path.Combine(real, run, "config.yaml"), options));
        Assert.Contains(Alarms(Path.Combine(real, "d_bad_column", "config.yaml"), options), text => text.StartsWith("column-",
            StringComparison.Ordinal));

        string yaml = File.ReadAllText(Path.Combine(real, "b_full_no_mlflow", "config.yaml"));
        string wrong = yaml.Replace("      list_of_cols: ['age','education_num']\n      list_of_dtypes",
            "      list_of_cols: ['age','educatoin_num']\n      list_of_dtypes");
        Assert.Equal(["column-unknown concatenate_dataset.dataset1.recast_column"],
            Workflows.Check(wrong, options).Where(item => item.IsError).Select(item => $"{item.Rule} {item.Key}"));
    }

    [Fact]
    public void A_mistake_in_a_real_file_is_found_in_its_data()
    {
        string mistakes = SharedMistakesTests.Folder("mistakes");
        var options = new WorkflowCheckOptions { BasePath = Path.Combine(SharedMistakesTests.Folder("real"), "_input"), ReadsData = true };
        Assert.Equal([], Alarms(Path.Combine(mistakes, "00_good.yaml"), options));
        Assert.StartsWith("data-missing", Assert.Single(Alarms(Path.Combine(mistakes, "09_input_missing.yaml"), options)));
        Assert.StartsWith("column-unknown", Assert.Single(Alarms(Path.Combine(mistakes, "12_bad_column.yaml"), options)));
        Assert.StartsWith("column-ignored", Assert.Single(Alarms(Path.Combine(mistakes, "13_bad_drop_column.yaml"), options)));
    }

    public void Dispose() => _folder.Dispose();

    private static string[] Alarms(string file, WorkflowCheckOptions options) =>
        [.. WorkflowCheck.Run(file,
            options).Where(item => item.Severity != DiagnosticSeverity.Information).Select(item => $"{item.Rule} {item}")];

    private string[] Check(string yaml)
    {
        var options = new WorkflowCheckOptions { BasePath = _folder.FullPath, ReadsData = true };
        return [.. Workflows.Check(yaml, options).Select(item => $"{item.Severity.ToString()[0]} {item.Rule} {item.Key}: {item.Advice}")];
    }

    private void WriteCsv() => Write("data/customers/csv/part-0.csv", "id,age,income,post-code,notes\n1,2,3,4,5\n");

    private void Write(string name, string text) => Write(name, Encoding.UTF8.GetBytes(text));

    private void Write(string name, byte[] bytes)
    {
        string path = Path.Combine(_folder.FullPath, name);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllBytes(path, bytes);
    }

    private static byte[] Zigzag(int value)
    {
        List<byte> bytes = [];
        for (uint rest = (uint)value << 1; ; rest >>= 7)
        {
            bytes.Add((byte)(rest < 0x80 ? rest : rest & 0x7F | 0x80));
            if (rest < 0x80)
                return [.. bytes];
        }
    }
}
