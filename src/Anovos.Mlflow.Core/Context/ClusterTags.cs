using Anovos.Mlflow.Tracking;

namespace Anovos.Mlflow.Context;

/// <summary>
/// The tags by which MLflow says where on Databricks a run ran (mlflow.tracking.context, mlflow.utils.mlflow_tags), as far
/// as the environment of a cluster's node tells.
/// </summary>
internal static class ClusterTags
{
    /// <summary>The tags; none away from a cluster.</summary>
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
