using Anovos.Mlflow.Tracking;

namespace Anovos.Mlflow.Context;

/// <summary>The Azure Pipelines build that runs this process, from the agent's variables ("Predefined variables").</summary>
internal sealed class PipelineBuild
{
    private readonly Func<string, string?> _environment;

    private PipelineBuild(Func<string, string?> environment) => _environment = environment;

    /// <summary>A link to the build, in Markdown.</summary>
    public string Link
    {
        get
        {
            string build = $"Build {Text("BUILD_BUILDNUMBER") ?? Text("BUILD_BUILDID")}";
            return Markdown.Link(Text("BUILD_DEFINITIONNAME") is { } pipeline ? $"{build} of {pipeline}" : build, Page);
        }
    }

    private string? Page => Text("SYSTEM_TEAMFOUNDATIONCOLLECTIONURI") is { } collection && Text("SYSTEM_TEAMPROJECT") is { } project && Text("BUILD_BUILDID") is { } build
        ? $"{collection.TrimEnd('/')}/{Uri.EscapeDataString(project)}/_build/results?buildId={Uri.EscapeDataString(build)}"
        : null;

    /// <summary>The build; null outside of a pipeline, or if <c>ANOVOS_MLFLOW_PIPELINE</c> is <c>false</c>.</summary>
    /// <param name="environment">Returns the value of an environment variable.</param>
    /// <exception cref="MlflowException"><see cref="ErrorKind.InvalidValue"/> for that variable.</exception>
    public static PipelineBuild? Find(Func<string, string?> environment)
    {
        var variables = new EnvironmentVariables(environment);
        bool isPipeline = string.Equals(variables.Text("TF_BUILD"), "true", StringComparison.OrdinalIgnoreCase);
        return isPipeline && variables.Flag("ANOVOS_MLFLOW_PIPELINE", defaultValue: true) ? new PipelineBuild(environment) : null;
    }

    /// <summary>The build as tags of a run. The run's note links to the page of the build.</summary>
    public IReadOnlyList<Tag> TagsOf(StoreLimits limits)
    {
        (string Name, string? Value)[] all =
        [
            ("buildId", Text("BUILD_BUILDID")), ("buildNumber", Text("BUILD_BUILDNUMBER")), ("buildUrl", Page),
            ("pipeline", Text("BUILD_DEFINITIONNAME")), ("project", Text("SYSTEM_TEAMPROJECT")),
            ("repository", UriCredentials.Remove(Text("BUILD_REPOSITORY_URI"))),
            ("commit", Text("BUILD_SOURCEVERSION")), ("branch", Text("BUILD_SOURCEBRANCH")),
            ("requestedFor", Text("BUILD_REQUESTEDFOREMAIL") ?? Text("BUILD_REQUESTEDFOR")),
        ];
        IEnumerable<Tag> tags = all.Where(tag => tag.Value is not null).Select(tag =>
            new Tag($"azure.pipelines.{tag.Name}", ParamBuilder.Cut(tag.Name, tag.Value!, limits.TagValue, truncate: true, [])));
        return Page is null ? [.. tags] : [.. tags, new Tag(RunTags.Note, Link)];
    }

    /// <summary>The value of one of the agent's variables, without secrets; null if it is not set.</summary>
    /// <remarks>The agent sets the value: text in the name of a branch or pipeline that looks like a placeholder is not one.</remarks>
    public string? Text(string name) => _environment(name) is { Length: > 0 } value ? Secrets.Clean(value) : null;
}
