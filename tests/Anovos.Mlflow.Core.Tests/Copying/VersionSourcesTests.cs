using Anovos.Mlflow.Copying;
using Anovos.Mlflow.Registry;
using Anovos.Mlflow.Tests.Tracking;
using Anovos.Mlflow.Tracking;

namespace Anovos.Mlflow.Tests.Copying;

/// <summary>Where versions lead at the target. {run}, {copy}, {model} and so on stand for ids.</summary>
public sealed class VersionSourcesTests : IDisposable
{
    private const string CopyOfRun = "11111111111111111111111111111111";
    private const string CopyOfModel = "m-22222222222222222222222222222222";
    private const string Unknown = "00000000000000000000000000000000";

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    // Among the artifacts of a run, in all forms.
    [InlineData("{root}/{run}/artifacts/model", "{run}", "mlflow-artifacts:/7/{copy}/artifacts/model", "{copy}", "")]
    [InlineData("{path}/{run}/artifacts/model", "{run}", "mlflow-artifacts:/7/{copy}/artifacts/model", "{copy}", "")]
    [InlineData("{root}/{run}/artifacts/model", "", "mlflow-artifacts:/7/{copy}/artifacts/model", "{copy}", "")]
    [InlineData("{root}/{run}/artifacts", "{run}", "mlflow-artifacts:/7/{copy}/artifacts", "{copy}", "")]
    [InlineData("runs:/{run}/model", "{run}", "runs:/{copy}/model", "{copy}", "")]
    [InlineData("runs:/{run}", "", "runs:/{copy}", "{copy}", "")]
    // A logged model.
    [InlineData("models:/{model}", "{run}", "models:/{m2}", "{copy}", "{m2}")]
    [InlineData("{root}/models/{model}/artifacts", "{run}", "models:/{m2}", "{copy}", "{m2}")]
    [InlineData("{root}/models/{model}/artifacts/data", "", "mlflow-artifacts:/7/models/{m2}/artifacts/data", "{copy}", "{m2}")]
    // Another version.
    [InlineData("models:/Other/3", "{run}", "models:/Other/30", "{copy}", "")]
    // Elsewhere.
    [InlineData("s3://bucket/model", "", "s3://bucket/model", "", "")]
    [InlineData("s3://bucket/model", "{run}", "s3://bucket/model", "{copy}", "")]
    [InlineData("s3://bucket/model", "{unknown}", "s3://bucket/model", "", "")]
    [InlineData("{root}/{run}x/artifacts/model", "{run}", "{root}/{run}x/artifacts/model", "{copy}", "")]
    // Not copied.
    [InlineData("runs:/{unknown}/model", "{unknown}", null, "", "")]
    [InlineData("runs:/{child}/model", "{child}", null, "", "")]
    [InlineData("{root}/{child}/artifacts/model", "{child}", null, "", "")]
    [InlineData("models:/m-33333333333333333333333333333333", "", null, "", "")]
    [InlineData("{root}/models/{removed}/artifacts", "{run}", null, "", "")]
    [InlineData("models:/Other/4", "{run}", null, "", "")]
    [InlineData("mlflow-artifacts:/1/{unknown}/artifacts/model", "", null, "", "")]
    public async Task A_source_leads_to_the_copy(string source, string run, string? expected, string runCopy, string modelCopy)
    {
        var folder = new FolderWithModels(_folder);
        var sources = new VersionSources(ModelRegistry.ToCopyFrom(folder.Store), Copies(), NumberAsync);
        string Fill(string text) => text
            .Replace("{root}", $"{folder.Uri}/{FolderWithModels.Experiment}", StringComparison.Ordinal)
            .Replace("{path}", _folder.Below("mlruns", FolderWithModels.Experiment), StringComparison.Ordinal)
            .Replace("{run}", FolderWithModels.Parent, StringComparison.Ordinal)
            .Replace("{child}", FolderWithModels.Child, StringComparison.Ordinal)
            .Replace("{unknown}", Unknown, StringComparison.Ordinal)
            .Replace("{copy}", CopyOfRun, StringComparison.Ordinal)
            .Replace("{m2}", CopyOfModel, StringComparison.Ordinal)
            .Replace("{model}", FolderWithModels.Model, StringComparison.Ordinal)
            .Replace("{removed}", FolderWithModels.Removed, StringComparison.Ordinal);

        VersionSource found = await sources.TranslateAsync(
            new ModelVersion { Name = "m", Version = 1, Source = Fill(source), RunId = Fill(run) }, default);

        Assert.Equal(expected is null, found.WhyMissing is not null);
        Assert.Equal((Fill(expected ?? ""), Fill(runCopy), Fill(modelCopy)), (found.Source, found.RunId, found.ModelId));
    }

    private static Task<long?> NumberAsync(string name, long number) => Task.FromResult<long?>(number == 3 ? 30 : null);

    private static CopiedThings Copies() => new(
        (id, _) => Task.FromResult(id == FolderWithModels.Parent
            ? new Run { RunId = CopyOfRun, ExperimentId = "7", ArtifactUri = $"mlflow-artifacts:/7/{CopyOfRun}/artifacts" }
            : null),
        (id, _) => Task.FromResult(id == FolderWithModels.Model
            ? new LoggedModel
            {
                ModelId = CopyOfModel,
                RunId = CopyOfRun,
                ArtifactUri = $"mlflow-artifacts:/7/models/{CopyOfModel}/artifacts",
            }
            : null));
}
