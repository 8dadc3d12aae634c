using Anovos.Mlflow.Databricks;

namespace Anovos.Mlflow.Jobs;

/// <summary>Advice for a job that failed or was refused.</summary>
internal static class JobAdvice
{
    private const string Allowlist =
        "Ask a user with MANAGE ALLOWLIST to add the path to the allowlist of the metastore, or run the job without the init script.";

    /// <summary>Returns advice for the end of a run or task; null if there is none.</summary>
    public static string? Of(JobStatus status) => status.Code switch
    {
        _ when status.Message.Contains("allowlist") => Allowlist,
        "WORKSPACE_RUN_LIMIT_EXCEEDED" => "The workspace has reached its limit of running jobs: start the job later, or let it queue.",
        "MAX_CONCURRENT_RUNS_EXCEEDED" or "MAX_JOB_QUEUE_SIZE_EXCEEDED" =>
            "The job has reached its limit of runs: wait for its other runs, turn on its queue, or raise its maximum of concurrent runs.",
        "CLUSTER_REQUEST_LIMIT_EXCEEDED" => "The workspace is starting too many clusters: start the job later, or use serverless compute.",
        "BUDGET_POLICY_LIMIT_EXCEEDED" => "The budget of the job's budget policy is used up: ask the policy's owner.",
        "UNAUTHORIZED_ERROR" => "The identity that the job runs as (run_as) lacks a permission that the message names.",
        "INVALID_CLUSTER_REQUEST" => "The cluster was rejected: check it against its cluster policy and the limits of its access mode.",
        "INVALID_RUN_CONFIGURATION" => "Correct the settings that the message names.",
        "FEATURE_DISABLED" => "Ask an administrator of the workspace to enable the feature that the message names.",
        "LIBRARY_INSTALLATION_ERROR" =>
            "Correct the libraries. In standard access mode, JAR files and Maven coordinates must be on the allowlist of the metastore.",
        "REPOSITORY_CHECKOUT_FAILED" =>
            "Check the address, branch, tag or commit of the Git repository, and the Git credentials of the identity that the job runs as.",
        "STORAGE_ACCESS_ERROR" => "The workspace cannot read its own storage: ask its administrator.",
        "CLUSTER_TERMINATED_BY_USER" => "The cluster was stopped or restarted while the job ran: start the job again.",
        "MAX_SPARK_CONTEXTS_EXCEEDED" => "The cluster runs too many programs at once: restart it, or use a new cluster for the job.",
        _ => null,
    };

    /// <summary>Adds advice to the refusal of a request to start a job.</summary>
    /// <param name="e">The refusal.</param>
    /// <param name="permission">The permission that starting the job requires.</param>
    public static MlflowException Explain(MlflowException e, string permission)
    {
        // The Jobs API uses the same error code for all of these, so only the message distinguishes them.
        bool Says(string text) => e.Message.IndexOf(text, StringComparison.OrdinalIgnoreCase) >= 0;
        (string? advice, ErrorKind kind) = e switch
        {
            _ when Failures.IsLimited(e.StatusCode ?? 0)
                || e.ErrorCode is "QUOTA_EXCEEDED" or "RESOURCE_EXHAUSTED" or "REQUEST_LIMIT_EXCEEDED" =>
                ("The workspace limits active runs and requests: start the job later, or ask its administrator for a higher "
                    + "limit.", e.Kind),
            { Kind: ErrorKind.PermissionDenied } when !WorkspaceRefusal.IsNoPermission(e) =>
                ($"Starting the job requires {permission}.", e.Kind),
            _ when Says("environment is required") =>
                ("Describe its environment: Invoke-AnovosWorkflow -ServerlessEnvironment @{ environment_version = '5' }.", e.Kind),
            _ when Says("Validation failed for") =>
                ("The cluster policy does not allow this cluster. Change the fields that the message names, or leave them out and set "
                    + "apply_policy_default_values.", e.Kind),
            _ when Says("cluster policy") => ("Check policy_id: the policy must exist, and you need the permission to use it.", e.Kind),
            _ when Says("allowlist") => (Allowlist, e.Kind),
            _ when Says("Job ") && Says("does not exist") || e.StatusCode == 404 =>
                ("Check the id of the job: it is on the job's page in the workspace. A job that you may not view causes the same error.",
                    ErrorKind.InvalidValue),
            _ => (null, e.Kind),
        };
        return advice is null ? e : e.Rewrap($"{e.Message} {advice}", kind);
    }
}
