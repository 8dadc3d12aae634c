namespace Anovos.Mlflow.Tracking;

/// <summary>The keys of the tags that MLflow itself sets on a run (mlflow.utils.mlflow_tags).</summary>
public static class RunTags
{
    /// <summary>The run's name.</summary>
    public const string RunName = "mlflow.runName";

    /// <summary>The run that this one is nested in.</summary>
    public const string ParentRunId = "mlflow.parentRunId";

    /// <summary>The run's description, in Markdown.</summary>
    public const string Note = "mlflow.note.content";

    /// <summary>The user who started the run.</summary>
    public const string User = "mlflow.user";

    /// <summary>The file that started the run.</summary>
    public const string SourceName = "mlflow.source.name";

    /// <summary>The kind of that source.</summary>
    public const string SourceType = "mlflow.source.type";
}
