using Anovos.Mlflow.Tests.Tracking;
using Anovos.Mlflow.Tracking;

namespace Anovos.Mlflow.Tests.Copying;

/// <summary>A folder as MLflow 3.11 writes one: two runs, two logged models and a registered model with four versions.</summary>
internal sealed class FolderWithModels
{
    public const string Experiment = "168642764428474700";
    public const string Parent = "8a268e091fc34f2598dbc3e327f9237f";
    public const string Child = "993ff7f9cbf04ca9bf16c0e17b8bacc7";
    public const string Model = "m-28e9f4b643bb4b4c8f9ae9e4caa03459";
    public const string Second = "m-a9214a9930c142adae2016fcff966155";
    public const string Removed = "m-3b367273ed7d44f99d45629abec2dfc3";

    private readonly string _root;

    public FolderWithModels(TemporaryFolder folder)
    {
        _root = folder.Below("mlruns");
        Write($"{Experiment}/meta.yaml", $"""
            artifact_location: {Uri}/{Experiment}
            creation_time: 1700000000000
            experiment_id: '{Experiment}'
            last_update_time: 1700000000001
            lifecycle_stage: active
            name: {ExperimentName}
            """);
        WriteRun(Parent, "parent");
        WriteRun(Child, "child");
        Write($"{Experiment}/{Child}/metrics/acc", "1700000003000 0.1 0\n1700000003001 0.2 1\n");
        Write($"{Experiment}/{Child}/inputs/086e1a6e7ea94d23b61fb890b59ef3a7/meta.yaml", $$"""
            destination_id: {{Model}}
            destination_type: RUN
            source_id: {{Model}}
            source_type: MODEL
            tags: {}
            """);
        WriteOutput(Parent, Model, 0);
        WriteOutput(Child, Second, 7);
        WriteModel(Model, "pyf", Parent, status: 2, "active");
        WriteModel(Second, "second", Child, status: 3, "active");
        WriteModel(Removed, "removed", Parent, status: 1, "deleted");
        Write($"{Experiment}/models/{Model}/params/lr", "0.1");
        Write($"{Experiment}/models/{Model}/tags/mlflow.user", "me");
        Write($"{Experiment}/models/{Model}/artifacts/MLmodel", "flavors: {}\n");
        Write($"{Experiment}/models/{Model}/artifacts/data/model.pkl", "pickle");
        Write($"{Experiment}/models/{Second}/metrics/acc",
            $"1700000003000 0.1 0 {Child}\n1700000003001 0.2 1 {Child}\n1700000003002 0.9 2 {Parent} income abc123\n");
        Write($"models/{ModelName}/meta.yaml", $"""
            creation_timestamp: 1700000004000
            description: what it is
            last_updated_timestamp: 1700000005000
            name: {ModelName}
            """);
        Write($"models/{ModelName}/tags/owner", "ops");
        Write($"models/{ModelName}/aliases/champion", "2");
        Write($"models/{ModelName}/aliases/challenger", "5");
        WriteVersion(1, $"models:/{Model}", Parent, Model, "None");
        WriteVersion(2, $"{Uri}/{Experiment}/{Parent}/artifacts/conf", Parent, "", "Production");
        WriteVersion(3, "s3://elsewhere/model", "", "", "Deleted_Internal");
        WriteVersion(4, "s3://elsewhere/model", "", "", "None");
        WriteVersion(5, "runs:/00000000000000000000000000000000/model", "00000000000000000000000000000000", "", "None");
        WriteVersion(6, $"models:/{ModelName}/2", "", "", "None");
        Write($"models/{ModelName}/version-2/tags/a", "b");
        WritePrompt();
        Store = new DirectoryStore(_root, Warnings.Add);
    }

    /// <summary>The experiment's name: tests share a real server.</summary>
    public string ExperimentName { get; } = $"Models {Guid.NewGuid():N}";

    /// <summary>The registered model.</summary>
    public string ModelName { get; } = $"Income Model {Guid.NewGuid():N}";

    /// <summary>A prompt, which MLflow keeps as a registered model.</summary>
    public string PromptName { get; } = $"greet-{Guid.NewGuid():N}";

    public DirectoryStore Store { get; }

    public List<string> Warnings { get; } = [];

    public string Uri => LocalUri.FromPath(_root);

    private void WriteRun(string id, string name) => Write($"{Experiment}/{id}/meta.yaml", $"""
        artifact_uri: {Uri}/{Experiment}/{id}/artifacts
        end_time: 1700000002000
        entry_point_name: ''
        experiment_id: '{Experiment}'
        lifecycle_stage: active
        run_id: {id}
        run_name: {name}
        source_name: ''
        source_type: 4
        source_version: ''
        start_time: 1700000001000
        status: 3
        tags: []
        user_id: me
        """);

    private void WriteOutput(string run, string model, int step) => Write($"{Experiment}/{run}/outputs/{model}/meta.yaml", $$"""
        destination_id: {{model}}
        destination_type: MODEL_OUTPUT
        source_id: {{model}}
        source_type: RUN_OUTPUT
        step: {{step}}
        tags: {}
        """);

    private void WriteModel(string id, string name, string run, int status, string stage) =>
        Write($"{Experiment}/models/{id}/meta.yaml", $"""
            artifact_location: {Uri}/{Experiment}/models/{id}/artifacts
            creation_timestamp: 1700000001500
            experiment_id: '{Experiment}'
            last_updated_timestamp: 1700000001600
            lifecycle_stage: {stage}
            model_id: {id}
            model_type: thing
            name: {name}
            source_run_id: {run}
            status: {status}
            status_message: null
            """);

    private void WriteVersion(int number, string source, string run, string model, string stage) =>
        Write($"models/{ModelName}/version-{number}/meta.yaml", $"""
            creation_timestamp: {1700000004000 + number}
            current_stage: {stage}
            description: {(number == 2 ? "second version" : "null")}
            last_updated_timestamp: 1700000004500
            model_id: {(model.Length == 0 ? "null" : model)}
            name: {ModelName}
            run_id: {(run.Length == 0 ? "null" : run)}
            run_link: null
            source: {source}
            status: READY
            status_message: null
            storage_location: {(model.Length == 0 ? source : $"{Uri}/{Experiment}/models/{model}/artifacts")}
            user_id: null
            version: {number}
            """);

    private void WritePrompt()
    {
        Write($"models/{PromptName}/meta.yaml", $"""
            creation_timestamp: 1700000004000
            description: first
            last_updated_timestamp: 1700000005000
            name: {PromptName}
            """);
        Write($"models/{PromptName}/tags/mlflow.prompt.is_prompt", "true");
        Write($"models/{PromptName}/aliases/prod", "1");
        Write($"models/{PromptName}/version-1/meta.yaml", $"""
            creation_timestamp: 1700000004001
            current_stage: None
            description: first
            last_updated_timestamp: 1700000004001
            name: {PromptName}
            run_id: null
            source: dummy-source
            status: READY
            storage_location: dummy-source
            version: 1
            """);
        Write($"models/{PromptName}/version-1/tags/mlflow.prompt.is_prompt", "true");
        Write($"models/{PromptName}/version-1/tags/mlflow.prompt.text", new string('x', 7000));
    }

    private void Write(string path, string text)
    {
        string file = Path.Combine(_root, path);
        Directory.CreateDirectory(Path.GetDirectoryName(file)!);
        File.WriteAllText(file, text + (text.EndsWith('\n') || !path.EndsWith(".yaml", StringComparison.Ordinal) ? "" : "\n"));
    }
}
