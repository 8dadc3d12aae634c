using System.Text.RegularExpressions;
using Anovos.Mlflow.Registry;
using Anovos.Mlflow.Tests.Tracking;

namespace Anovos.Mlflow.Tests.Registry;

/// <summary>URIs of models, and the file that says what a model is.</summary>
public sealed class ModelFileTests : IDisposable
{
    internal const string Whole = """
        artifact_path: model
        flavors:
          python_function:
            env: {conda: conda.yaml, virtualenv: python_env.yaml}
            loader_module: mlflow.sklearn
            streamable: false
          sklearn: {kind: tree, depth: 3, ratio: 0.5, code: null, parts: [a, 1]}
        mlflow_version: 2.17.0
        model_size_bytes: 711
        model_uuid: bda26ee0e01c4a56b98d5a392d8897ee
        run_id: 5d66abc73c83447e83276a882ca31231
        signature:
          inputs: '[{"type": "long", "name": "age", "required": true}, {"type": "string",
            "name": "job", "required": false}, {"type": "string", "name": "old", "optional": true}]'
          outputs: '[{"type": "tensor", "tensor-spec": {"dtype": "float64", "shape": [-1, 3]}}]'
          params: '[{"name": "t", "type": "double", "default": 0.5, "shape": null}]'
        utc_time_created: '2024-11-24 14:33:57.397605'
        """;

    private readonly TemporaryFolder _folder = new();

    [Theory]
    [InlineData("models:/a b/12", "a b", 12L, null, null, null)]
    [InlineData("models:/a/Production", "a", null, null, "Production", null)]
    [InlineData("models:/a/LATEST", "a", null, null, null, null)]
    [InlineData("models:/a@b@champion", "a@b", null, "champion", null, null)]
    [InlineData("models:/m-1234", "", null, null, null, "m-1234")]
    public void A_models_URI_is_read_as_MLflow_reads_it(string text, string name, long? version, string? alias, string? stage, string? modelId)
    {
        ModelUri uri = ModelUri.Parse(text);
        Assert.Equal((name, version, alias, stage, modelId), (uri.Name, uri.Version, uri.Alias, uri.Stage, uri.ModelId));
        Assert.Equal(text, uri.ToString());
    }

    [Theory]
    [InlineData("models:///a/1", null)]
    [InlineData("MODELS:////a/1", null)]
    [InlineData("models://databricks/a/1", "databricks")]
    [InlineData("models://prod@databricks/a/1", "databricks://prod")]
    public void A_models_URI_may_name_a_workspace(string text, string? workspace)
    {
        ModelUri uri = ModelUri.Parse(text);
        Assert.True(ModelUri.IsOne(text));
        Assert.Equal(("a", 1L, workspace), (uri.Name, uri.Version, uri.Workspace));
        Assert.Equal("a", ModelUri.Parse(text.Replace("/1", "@new")).Name);
        Assert.Equal(("abc", "x/y", workspace), ModelUri.Parse(Regex.Replace(text, "(?i)models:(.*)/a/1", "runs:$1/abc/x/y")) switch
        {
            var run => (run.RunId, run.ArtifactPath, run.Workspace),
        });
    }

    [Fact]
    public void A_folder_of_a_run_is_a_URI_too()
    {
        ModelUri uri = ModelUri.Parse("runs:/abc/models/tree/");
        Assert.Equal(("abc", "models/tree"), (uri.RunId, uri.ArtifactPath));
        Assert.Throws<MlflowException>(() => ModelUri.Parse("runs:/abc/../x"));
    }

    [Theory]
    [InlineData("models:/")]
    [InlineData("models:/a/")]
    [InlineData("models://a/1")]
    [InlineData("models:/a/1/b")]
    [InlineData("models:/@b")]
    [InlineData("models:/a@")]
    [InlineData("models:a/1")]
    [InlineData("models://@databricks/a/1")]
    [InlineData("models://a@b@databricks/a/1")]
    [InlineData("models://prod@example.com/a/1")]
    [InlineData("models://databricks")]
    [InlineData("models://databricks/")]
    [InlineData("models:///")]
    [InlineData("runs:/abc")]
    [InlineData("s3://bucket/x")]
    [InlineData("")]
    public void What_is_no_models_URI_is_said_to_be_none(string text) =>
        Assert.Equal(ErrorKind.InvalidValue, Assert.Throws<MlflowException>(() => ModelUri.Parse(text)).Kind);

    [Fact]
    public void The_file_is_read_into_an_object()
    {
        MlflowModel model = Read(Whole);
        Assert.Empty(model.Warnings);
        Assert.Equal(["python_function", "sklearn"], model.Flavors.Keys);
        var sklearn = Assert.IsAssignableFrom<IDictionary<string, object?>>(model.Flavors["sklearn"]);
        Assert.Equal(("tree", 3L, 0.5, null), (sklearn["kind"], sklearn["depth"], sklearn["ratio"], sklearn["code"]));
        Assert.Equal(["a", 1L], Assert.IsType<object?[]>(sklearn["parts"]));
        Assert.Equal(false, ((IDictionary<string, object?>)model.Flavors["python_function"]!)["streamable"]);
        Assert.Equal("(age: long, job: string?, old: string?) -> (float64[-1,3])", model.Signature!.ToString());
        Assert.Equal(("t", "0.5", false), (model.Signature.Params[0].Name, model.Signature.Params[0].Default, model.Signature.Params[0].IsRequired));
        Assert.Equal((711L, "2.17.0", "bda26ee0e01c4a56b98d5a392d8897ee", "5d66abc73c83447e83276a882ca31231", ""), (model.ModelSizeBytes, model.MlflowVersion, model.ModelUuid, model.RunId, model.ModelId));
        Assert.Equal(new DateTimeOffset(2024, 11, 24, 14, 33, 57, TimeSpan.Zero), model.CreationTime!.Value.AddTicks(-model.CreationTime.Value.Ticks % TimeSpan.TicksPerSecond));
    }

    // As MLflow 2.17 and 3.11 write them for data frames without column names, float params, and an object that occurs twice.
    [Fact]
    public void What_Python_writes_and_JSON_does_not_have_is_read()
    {
        MlflowModel model = Read("""
            flavors:
              python_function: &id001
                env: conda.yaml
                1: a
                '1': b
              copy: *id001
            signature:
              inputs: &id002 '[{"type": "double", "name": 0, "required": true}, {"type": "long", "name": 1},
                {"type": "long", "name": null}]'
              outputs: *id002
              params: '[{"name": "t", "dtype": "double", "default": NaN, "shape": null}, {"name": "u", "type": "double", "default":
                [-Infinity, 1.0, "a NaN", "\"NaN"], "shape": [-1]}, {"name": "v", "type": "double", "default": Infinity}]'
            """);
        Assert.Equal("(0: double, 1: long, long) -> (0: double, 1: long, long)", model.Signature!.ToString());
        Assert.Equal(["double", "double", "double"], model.Signature.Params.Select(param => param.Type));
        Assert.Equal(
            ["NaN", """[-Infinity, 1.0, "a NaN", "\"NaN"]""", "Infinity"], model.Signature.Params.Select(param => param.Default));
        Assert.Equal("b", Assert.IsAssignableFrom<IDictionary<string, object?>>(model.Flavors["copy"])["1"]);
    }

    [Theory]
    [InlineData("""{"type": "tensor", "tensor-spec": {"dtype": "float64", "shape": [null, 3]}}""", "float64[-1,3]")]
    [InlineData("""{"name": "a", "type": "array", "items": {"type": "string"}}""", "a: array")]
    [InlineData("""{"name": true, "type": "long"}""", "true: long")]
    public void A_column_is_read_whatever_its_name_and_shape(string column, string expected) =>
        Assert.Equal($"({expected}) -> ()", Read($"signature: {{inputs: '[{column}]'}}").Signature!.ToString());

    [Fact]
    public void A_folder_without_the_file_is_a_model_without_flavors()
    {
        MlflowModel model = ModelFile.Read(_folder.FullPath, default);
        Assert.Empty(model.Flavors);
        Assert.Null(model.Signature);
    }

    [Theory]
    [InlineData("signature: {inputs: '[{'}", "signature.inputs", "() -> (c: long)")]
    [InlineData("signature: {inputs: '{}'}", "signature.inputs", "() -> (c: long)")]
    [InlineData("signature: {inputs: 5}", "signature.inputs", "() -> (c: long)")]
    [InlineData("signature: {inputs: [a]}", "signature.inputs", "() -> (c: long)")]
    [InlineData("signature: {params: 'NaN,'}", "signature.params", "() -> (c: long)")]
    [InlineData("""signature: {inputs: '[1, {"name": "a", "type": "long"}]'}""", "signature.inputs[0]", "(a: long) -> (c: long)")]
    [InlineData("""signature: {inputs: '[{"name": "a", "type": 5}]'}""", "signature.inputs[0].type", "(a: ) -> (c: long)")]
    [InlineData("""signature: {inputs: '[{"name": "a", "tensor-spec": {"dtype": "float64", "shape": ["x"]}}]'}""",
        "signature.inputs[0].shape", "(a: float64) -> (c: long)")]
    [InlineData("""signature: {inputs: '[{"name": "a\ud800", "type": "long"}]'}""", "signature.inputs[0]", "() -> (c: long)")]
    public void A_bad_field_of_a_signature_costs_that_field_and_is_named(string text, string field, string signature)
    {
        MlflowModel model = Read("run_id: abc\nflavors: {a: 1}\n"
            + text.Replace("signature: {", """signature: {outputs: '[{"name": "c", "type": "long"}]', """));
        Assert.Equal(("abc", 1L), (model.RunId, model.Flavors["a"]));
        Assert.Equal(signature, model.Signature!.ToString());
        Assert.StartsWith($"{Path.Combine(_folder.FullPath, "MLmodel")}:3:", Assert.Single(model.Warnings));
        Assert.Contains($"The field '{field}' cannot be read", model.Warnings[0]);
    }

    [Theory]
    [InlineData("flavors: 5", "flavors")]
    [InlineData("signature: x", "signature")]
    [InlineData("run_id: [a]", "run_id")]
    [InlineData("model_size_bytes: many", "model_size_bytes")]
    [InlineData("utc_time_created: yesterday", "utc_time_created")]
    public void A_bad_field_of_a_model_costs_that_field_and_is_named(string text, string field)
    {
        MlflowModel model = Read($"{text}\nmlflow_version: 3.11.0\n");
        Assert.Equal("3.11.0", model.MlflowVersion);
        Assert.Empty(model.Flavors);
        Assert.Equal((null, "", null, null), (model.Signature, model.RunId, model.ModelSizeBytes, model.CreationTime));
        Assert.Contains($"The field '{field}' cannot be read", Assert.Single(model.Warnings));
    }

    [Theory]
    [InlineData("flavors:\nsignature:\nrun_id: null\nmodel_size_bytes:\nutc_time_created:\n")]
    [InlineData("signature: {inputs: '', outputs: null, params: ''}")]
    public void A_field_without_a_value_is_not_a_bad_one(string text) => Assert.Empty(Read(text).Warnings);

    [Theory]
    [InlineData("flavors: [")]
    [InlineData("- a")]
    [InlineData("")]
    public void A_file_that_is_none_is_an_error_with_its_place(string text)
    {
        MlflowException e = Assert.Throws<MlflowException>(() => Read(text));
        Assert.Equal(ErrorKind.ModelInvalid, e.Kind);
        Assert.Contains(Path.Combine(_folder.FullPath, "MLmodel"), e.Message);
    }

    public void Dispose() => _folder.Dispose();

    private MlflowModel Read(string text)
    {
        File.WriteAllText(Path.Combine(_folder.FullPath, "MLmodel"), text);
        return ModelFile.Read(_folder.FullPath, default);
    }
}
