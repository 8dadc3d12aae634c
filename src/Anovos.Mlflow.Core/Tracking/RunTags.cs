using System.Text.Json;
using Anovos.Mlflow.Context;
using Anovos.Mlflow.Pipelines;

namespace Anovos.Mlflow.Tracking;

/// <summary>The tags that MLflow itself gives a run (mlflow.utils.mlflow_tags), from where the run starts.</summary>
public static class RunTags
{
    /// <summary>The run's name.</summary>
    public const string RunName = "mlflow.runName";

    /// <summary>The run that this one is nested in.</summary>
    public const string ParentRunId = "mlflow.parentRunId";

    /// <summary>The run's description, in Markdown.</summary>
    public const string Note = "mlflow.note.content";

    /// <summary>Who started the run.</summary>
    public const string User = "mlflow.user";

    /// <summary>What started the run: a file.</summary>
    public const string SourceName = "mlflow.source.name";

    /// <summary>What kind of source that is.</summary>
    public const string SourceType = "mlflow.source.type";

    /// <summary>The tags of a run that is about to start; the caller's own win over MLflow's.</summary>
    /// <param name="request">The run to be started.</param>
    /// <param name="environment">Reads an environment variable: <c>MLFLOW_RUN_CONTEXT</c> holds further tags as a JSON object, others tell of a Databricks cluster, or of a build of Azure Pipelines.</param>
    /// <exception cref="MlflowException"><see cref="ErrorKind.InvalidValue"/> when <c>MLFLOW_RUN_CONTEXT</c> is no such object.</exception>
    public static IReadOnlyList<Tag> Of(RunRequest request, Func<string, string?> environment)
    {
        var tags = new Dictionary<string, string>(StringComparer.Ordinal) { [User] = request.UserId, [SourceType] = "LOCAL" };
        if (request.SourceName is not null)
            tags[SourceName] = request.SourceName;
        if (GitRepository.Find(request.SourceDirectory) is { } git)
        {
            tags["mlflow.source.git.commit"] = git.Commit;
            if (git.Branch is not null)
                tags["mlflow.source.git.branch"] = git.Branch;
            if (git.RemoteUrl is not null)
                tags["mlflow.source.git.repoURL"] = git.RemoteUrl;
        }

        IReadOnlyList<Tag> build = AzurePipeline.Find(environment)?.Tags ?? [];
        foreach (Tag tag in ClusterTags.Of(environment).Concat(build).Concat(FromContext(environment("MLFLOW_RUN_CONTEXT"))).Concat(request.Tags))
            tags[tag.Key] = tag.Value;
        if (request.ParentRunId is not null)
            tags[ParentRunId] = request.ParentRunId;
        if (request.RunName is not null)
            tags[RunName] = request.RunName;
        return [.. tags.Select(tag => new Tag(tag.Key, tag.Value))];
    }

    private static IEnumerable<Tag> FromContext(string? json)
    {
        if (string.IsNullOrWhiteSpace(json))
            return [];
        try
        {
            using JsonDocument document = JsonDocument.Parse(json!);
            if (document.RootElement.ValueKind == JsonValueKind.Object)
                return [.. document.RootElement.EnumerateObject().Select(tag => new Tag(tag.Name, tag.Value.ToString()))];
        }
        catch (JsonException)
        {
            // Said below, as for JSON of another shape.
        }

        throw new MlflowException(ErrorKind.InvalidValue, "MLFLOW_RUN_CONTEXT holds no JSON object of tags, as {\"team\": \"ops\"}. Correct or unset it.") { Target = "MLFLOW_RUN_CONTEXT" };
    }
}
