using System.Text.Json;
using Anovos.Mlflow.Tracking;

namespace Anovos.Mlflow.Context;

/// <summary>The tags of a run that depend on where it starts, as set by MLflow's run context providers (mlflow.tracking.context).</summary>
public static class RunContext
{
    private const string Variable = "MLFLOW_RUN_CONTEXT";

    /// <summary>Returns all tags that a run starts with. Tags of the request replace tags of the context.</summary>
    /// <param name="request">The run to start.</param>
    /// <param name="environment">Returns the value of an environment variable.</param>
    /// <param name="limits">The limits of the run's store.</param>
    /// <exception cref="MlflowException"><see cref="ErrorKind.InvalidValue"/> if <c>MLFLOW_RUN_CONTEXT</c> is not a JSON object of tags.</exception>
    public static IReadOnlyList<Tag> TagsOf(RunRequest request, Func<string, string?> environment, StoreLimits limits)
    {
        // The order matters: a later tag replaces an earlier tag with the same key.
        IEnumerable<Tag> context =
        [
            .. OfCaller(request),
            .. GitRepository.Find(request.SourceDirectory)?.Tags ?? [],
            .. ClusterTags.Of(environment),
            .. PipelineBuild.Find(environment)?.TagsOf(limits) ?? [],
            .. OfVariable(environment(Variable)),
            .. request.Tags,
            .. OfRun(request),
        ];
        var tags = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (Tag tag in context)
            tags[tag.Key] = tag.Value;
        return [.. tags.Select(tag => new Tag(tag.Key, tag.Value))];
    }

    private static IEnumerable<Tag> OfCaller(RunRequest request)
    {
        yield return new Tag(RunTags.User, request.UserId);
        yield return new Tag(RunTags.SourceType, "LOCAL");
        if (request.SourceName is not null)
            yield return new Tag(RunTags.SourceName, request.SourceName);
    }

    private static IEnumerable<Tag> OfRun(RunRequest request)
    {
        if (request.ParentRunId is not null)
            yield return new Tag(RunTags.ParentRunId, request.ParentRunId);
        if (request.RunName is not null)
            yield return new Tag(RunTags.RunName, request.RunName);
    }

    private static IEnumerable<Tag> OfVariable(string? json)
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
            // Reported below, like JSON that is not an object.
        }

        throw new MlflowException(ErrorKind.InvalidValue, Variable + " is not a JSON object of tags, such as {\"team\": \"ops\"}. Correct or unset it.") { Target = Variable };
    }
}
