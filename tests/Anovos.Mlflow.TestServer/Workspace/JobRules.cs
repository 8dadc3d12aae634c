using System.Text.Json;
using System.Text.RegularExpressions;

namespace Anovos.Mlflow.TestServer;

/// <summary>
/// The rules of the Jobs API. The error texts are the service's where they are known: those about environments, libraries, Git providers,
/// policies and repairs.
/// </summary>
internal sealed class JobRules(WorkspaceOptions options)
{
    private const string GitProviders =
        "git_source.git_provider must be one of: "
            + "github,gitlab,bitbucketcloud,gitlabenterpriseedition,bitbucketserver,azuredevopsservices,githubenterprise,awscodecommit";

    private static readonly string[] Computes = ["existing_cluster_id", "new_cluster", "job_cluster_key"];

    /// <summary>Throws if the service would reject the job.</summary>
    public void Check(JsonElement job)
    {
        if (job.TryGetProperty("git_source", out var git))
            CheckGit(git);
        string[] environments = KeysOf(job, "environments", "environment_key"),
            variables = KeysOf(job, "environment_variables", "environment_variables_key");
        CheckEnvironments(job);
        if (variables.Length > 0)
            CheckVariables(job);
        string[] keys = KeysOf(job, "tasks", "task_key");
        if (keys.Distinct().Count() != keys.Length)
            throw ApiException.Invalid("The job has tasks with the same task_key");
        foreach (var task in job.GetProperty("tasks").EnumerateArray())
            CheckTask(task, job, environments, variables);
    }

    /// <summary>Returns why the cluster of a task does not start; null if it does.</summary>
    public string? WhyNotStarted(JsonElement task)
    {
        if (!task.TryGetProperty("new_cluster", out var cluster))
            return null;
        string mode = cluster.TryGetProperty("data_security_mode", out var own) ? own.GetString()! : "";
        List<(string Kind, string Path)> scripts = cluster.TryGetProperty("init_scripts", out var list)
            ? [.. list.EnumerateArray().SelectMany(script => script.EnumerateObject()).Select(Place)]
            : [];
        if (cluster.TryGetProperty("policy_id", out var id))
        {
            // Values fixed by a policy apply to the cluster.
            foreach (var rule in PolicyOf(id.GetString()!).EnumerateObject().Where(rule => rule.Value.GetProperty("type").GetString() == "fixed"))
            {
                string value = rule.Value.GetProperty("value").ToString();
                if (rule.Name == "data_security_mode")
                    mode = value;
                if (Regex.Match(rule.Name, @"^init_scripts\.\d+\.(\w+)\.destination$") is { Success: true } script)
                    scripts.Add((script.Groups[1].Value, value));
            }
        }

        if (mode is not ("DATA_SECURITY_MODE_STANDARD" or "USER_ISOLATION"))
            return null;
        string? refused = scripts.Where(script => script.Kind is not ("volumes" or "abfss" or "s3" or "gcs")
            || !options.InitScriptAllowlist.Any(prefix => script.Path.StartsWith(prefix, StringComparison.Ordinal))).Select(script => script.Path).FirstOrDefault();
        return refused is null ? null : $"PERMISSION_DENIED: '{refused}' is not in the artifact allowlist";

        static (string Kind, string Path) Place(JsonProperty script) => (script.Name, script.Value.GetProperty("destination").GetString()!);
    }

    private JsonElement PolicyOf(string id)
    {
        using var json = JsonDocument.Parse(options.ClusterPolicies.TryGetValue(id, out string? definition)
            ? definition
            : throw ApiException.Invalid($"Can't find a cluster policy with id: {id}."));
        return json.RootElement.Clone();
    }

    private static string[] KeysOf(JsonElement job, string list, string key) => job.TryGetProperty(list, out var items)
        ? [.. items.EnumerateArray()
            .Select(item =>
            item.TryGetProperty(key, out var name) ? name.GetString()! : throw ApiException.Invalid($"Missing required field: {key}"))]
        : [];

    private static void CheckGit(JsonElement git)
    {
        string provider = git.TryGetProperty("git_provider", out var name) ? name.GetString()!.ToLowerInvariant() : "";
        if (provider.Length == 0 || !GitProviders.Contains(provider, StringComparison.Ordinal))
            throw ApiException.Invalid(GitProviders);
        if (new[] { "git_branch", "git_tag", "git_commit" }.Count(field => git.TryGetProperty(field, out _)) != 1)
            throw ApiException.Invalid("Exactly one of git_branch, git_tag and git_commit must be specified in git_source");
    }

    private static void CheckEnvironments(JsonElement job)
    {
        if (!job.TryGetProperty("environments", out var environments))
            return;
        foreach (var spec in environments.EnumerateArray().Select(item => item.GetProperty("spec")))
        {
            if (new[] { "environment_version", "client", "base_environment", "project_environment" }.Count(field =>
                spec.TryGetProperty(field, out _)) != 1)
                throw ApiException.Invalid("Exactly one of environment_version and base_environment must be provided");
        }
    }

    private void CheckVariables(JsonElement job)
    {
        if (options.ServerlessVariables == PreviewKind.Refused)
            throw ApiException.Invalid("environment_variables is not enabled for this workspace");
        foreach (
            var variable in job.GetProperty("environment_variables").EnumerateArray()
            .SelectMany(entry => entry.GetProperty("spec").GetProperty("variables").EnumerateObject()))
        {
            if (!Regex.IsMatch(variable.Name, "^[A-Za-z_][A-Za-z0-9_]*$") || variable.Value.GetString()!.Length > 512)
                throw ApiException.Invalid($"Environment variable {variable.Name} is invalid");
        }
    }

    private void CheckTask(JsonElement task, JsonElement job, string[] environments, string[] variables)
    {
        string key = task.GetProperty("task_key").GetString()!;
        string[] computes = [.. Computes.Where(field => task.TryGetProperty(field, out _))];
        if (computes.Length > 1)
            throw ApiException.Invalid("Task must have exactly one of existing_cluster_id and new_cluster");
        if (computes.Length == 0)
            CheckServerless(key, task, environments, variables, job);
        if (task.TryGetProperty("existing_cluster_id", out var id) && !options.Clusters.Contains(id.GetString()))
            throw ApiException.Invalid($"Cluster {id.GetString()} does not exist");
        if (task.TryGetProperty("new_cluster", out var cluster))
            CheckCluster(cluster);
        if (task.TryGetProperty("spark_python_task", out var program))
        {
            if (string.IsNullOrEmpty(program.GetProperty("python_file").GetString()))
                throw ApiException.Invalid("Missing required field: python_file");
            if (program.TryGetProperty("parameters", out var parameters)
                && parameters.EnumerateArray().Any(item => item.GetString()!.Any(sign => sign > 127)))
                throw ApiException.Invalid($"The parameters of task {key} contain non-ASCII characters");
        }
    }

    private void CheckServerless(string key, JsonElement task, string[] environments, string[] variables, JsonElement job)
    {
        bool needsOne = task.TryGetProperty("spark_python_task", out _) || task.TryGetProperty("python_wheel_task", out _)
            || task.TryGetProperty("dbt_task", out _);
        string? environment = task.TryGetProperty("environment_key", out var named) ? named.GetString() : null;
        if (environment is null && needsOne)
        {
            throw ApiException.Invalid(
                $"An environment is required for serverless task {key}. Please define one using `environments` and `environment_key`. "
                + "For more details, please refer to the API documentation at https://docs.databricks.com/api/workspace/jobs/create");
        }

        if (environment is not null && !environments.Contains(environment))
            throw ApiException.Invalid($"Environment {environment} of task {key} is not defined");
        if (task.TryGetProperty("libraries", out _))
            throw ApiException.Invalid("Libraries field is not supported for serverless task, please specify libraries in environment.");
        if (options.ServerlessVariables == PreviewKind.Ignored || !task.TryGetProperty("environment_variables_key", out var entry))
            return;
        string version = job.GetProperty("environments").EnumerateArray()
            .First(item => item.GetProperty("environment_key").GetString() == environment)
            .GetProperty("spec").TryGetProperty("environment_version", out var number) ? number.GetString()! : "";
        if (!variables.Contains(entry.GetString()) || !int.TryParse(version, out int parsed) || parsed < 5)
            throw ApiException.Invalid(
                $"Task {key} cannot use environment_variables_key {entry.GetString()}: environment version 5 or above is required");
    }

    private void CheckCluster(JsonElement cluster)
    {
        JsonElement policy = default;
        if (cluster.TryGetProperty("policy_id", out var id))
        {
            policy = PolicyOf(id.GetString()!);
            string[] wrong = [.. policy.EnumerateObject().Select(rule => Breach(rule, cluster)).OfType<string>()];
            if (wrong.Length > 0)
                throw ApiException.Invalid($"Cluster validation error: {string.Join("; ", wrong)}");
        }

        bool isFixed = policy.ValueKind == JsonValueKind.Object && policy.TryGetProperty("spark_version", out var version)
            && version.GetProperty("type").GetString() == "fixed";
        if (!isFixed && !cluster.TryGetProperty("spark_version", out _))
            throw ApiException.Invalid("Missing required field: settings.cluster_spec.new_cluster.spark_version");
    }

    // A value fixed by the policy may be left out.
    private static string? Breach(JsonProperty rule, JsonElement cluster)
    {
        JsonElement value = cluster;
        foreach (string part in rule.Name.Split('.'))
        {
            bool isThere = value.ValueKind == JsonValueKind.Object && value.TryGetProperty(part, out value);
            if (!isThere)
                return null;
        }

        string text = value.ToString();
        return rule.Value.GetProperty("type").GetString() switch
        {
            "fixed" when rule.Value.GetProperty("value").ToString() is var wanted && wanted != text =>
                $"Validation failed for {rule.Name}, the value must be {wanted} (is \"{text}\")",
            "allowlist" when rule.Value.GetProperty("values").EnumerateArray().All(item => item.ToString() != text) =>
                $"Validation failed for {rule.Name}, the value must be one of {string.Join(
                    ", ", rule.Value.GetProperty("values").EnumerateArray())} (is \"{text}\")",
            "range" when value.GetInt64() > rule.Value.GetProperty("maxValue").GetInt64() =>
                $"Validation failed for {rule.Name}, the value must be at most {rule.Value.GetProperty("maxValue")} (is \"{text}\")",
            "forbidden" => $"Validation failed for {rule.Name}, the value must not be present",
            _ => null,
        };
    }
}
