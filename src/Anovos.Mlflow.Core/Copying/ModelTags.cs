namespace Anovos.Mlflow.Copying;

/// <summary>The tags that identify copies of models.</summary>
internal static class ModelTags
{
    /// <summary>On a logged model: its id in the source.</summary>
    public const string SourceModelId = "anovos.mlflow.sync.sourceModelId";

    /// <summary>On a version: its number in the source.</summary>
    public const string SourceVersion = "anovos.mlflow.sync.sourceVersion";

    /// <summary>On a version whose run is not copied: the run in the source.</summary>
    public const string SourceRunId = "anovos.mlflow.sync.sourceRunId";

    /// <summary>On a version: the tracking URI of the source.</summary>
    public const string SourceUri = CopyTags.SourceUri;

    /// <summary>MLflow's list of the versions that were created from a logged model.</summary>
    public const string Versions = "mlflow.modelVersions";

    /// <summary>Gets whether a tag is not copied: a tag of an earlier copy, or one that MLflow sets at the target.</summary>
    public static bool IsOwn(string key) => key is SourceModelId or SourceVersion or SourceRunId or SourceUri or Versions;
}
