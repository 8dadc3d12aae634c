using Anovos.Mlflow.Tracking;

namespace Anovos.Mlflow.Context;

/// <summary>
/// The MLflow tags that say where on Databricks a run ran (mlflow.tracking.context, mlflow.utils.mlflow_tags), as far
/// as they can be read from the environment of a cluster node.
/// </summary>
internal static class ClusterTags
{
    /// <summary>Returns the tags; none outside of a cluster.</summary>
    public static IEnumerable<Tag> Of(Func<string, string?> environment)
    {
        if (environment("DB_CLUSTER_ID") is not { Length: > 0 } cluster)
            yield break;
        yield return new Tag("mlflow.databricks.cluster.id", cluster);
        if (environment("DATABRICKS_HOST") is { Length: > 0 } host)
            yield return new Tag("mlflow.databricks.workspaceURL", host.Contains("://") ? host.TrimEnd('/') : $"https://{host}");
        if (environment("DATABRICKS_WORKSPACE_ID") is { Length: > 0 } workspace)
            yield return new Tag("mlflow.databricks.workspaceID", workspace);
    }
}
