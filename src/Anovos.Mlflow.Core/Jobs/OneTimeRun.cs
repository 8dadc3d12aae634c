using System.Text.Json;
using System.Text.Json.Nodes;

namespace Anovos.Mlflow.Jobs;

/// <summary>Submits a workflow as a one-time run with one task.</summary>
/// <param name="job">The workflow.</param>
/// <param name="token">An idempotency token.</param>
internal sealed class OneTimeRun(ClusterJob job, string token) : IJobStarter
{
    private const string Key = "anovos";

    // For compute that does not support environment variables. Otherwise behaves as Python does when it runs a file.
    private const string Launcher =
        """
        import json, os, runpy, sys
        os.environ.update(json.loads(sys.argv[1]))
        sys.argv = sys.argv[2:]
        sys.path.insert(0, os.path.dirname(sys.argv[0]))
        runpy.run_path(sys.argv[0], run_name="__main__")
        """;

    private string? _config;

    /// <inheritdoc/>
    public TimeSpan? Timeout => job.Timeout;

    /// <inheritdoc/>
    public async Task<StartedJob> StartAsync(JobsApi jobs, JobFolder folder, CancellationToken cancellationToken)
    {
        VariablePassing passing = job.Passing;
        try
        {
            return await SubmitAsync(jobs, folder, passing, token, cancellationToken).ConfigureAwait(false);
        }
        catch (MlflowException e) when (passing == VariablePassing.Serverless && job.GitSource is null && RefusesVariables(e))
        {
            return await StartAgainAsync(jobs, folder, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <inheritdoc/>
    public Task<StartedJob> StartAgainAsync(JobsApi jobs, JobFolder folder, CancellationToken cancellationToken)
    {
        // Throws for a file that the launcher cannot find.
        job.LaunchedFile();
        return SubmitAsync(jobs, folder, VariablePassing.Launcher, token + "-launcher", cancellationToken);
    }

    private static bool RefusesVariables(MlflowException e) => !e.IsTransient
        && (e.ErrorCode == "FEATURE_DISABLED" || e.Message.IndexOf("environment_variables", StringComparison.Ordinal) >= 0
            || e.Message.IndexOf("environment variables", StringComparison.OrdinalIgnoreCase) >= 0);

    private async Task<StartedJob> SubmitAsync(
        JobsApi jobs, JobFolder folder, VariablePassing passing, string idempotencyToken, CancellationToken cancellationToken)
    {
        _config
            ??= await folder.SendAsync(new FileInfo(job.ConfigPath), Path.GetFileName(job.ConfigPath), cancellationToken)
            .ConfigureAwait(false);
        (string file, string[] arguments) = (job.PythonFile, [.. job.Arguments, _config, job.RunType]);
        if (passing == VariablePassing.Launcher)
        {
            arguments = [JsonSerializer.Serialize(job.Environment), job.LaunchedFile(), .. arguments];
            file = await folder.SendTextAsync(Launcher, "anovos_launcher.py", cancellationToken).ConfigureAwait(false);
        }

        JsonObject run = Describe(file, arguments, passing, idempotencyToken);
        folder.MayBeInUse = true;
        return new StartedJob(
            await jobs.SubmitAsync(run, cancellationToken)
            .ConfigureAwait(false))
        { NeedsVariables = passing == VariablePassing.Serverless };
    }

    private JsonObject Describe(string file, string[] arguments, VariablePassing passing, string idempotencyToken)
    {
        var program =
            new JsonObject
            {
                ["python_file"] = file,
                ["parameters"] = new JsonArray([.. arguments.Select(argument => JsonValue.Create(argument))])
            };
        var task = new JsonObject { ["task_key"] = Key, ["spark_python_task"] = program };
        var run = new JsonObject { ["run_name"] = job.Name, ["idempotency_token"] = idempotencyToken };
        if (job.Timeout is { } limit)
            run["timeout_seconds"] = (long)Math.Ceiling(limit.TotalSeconds);
        if (job.GitRepository() is { } repository)
        {
            run["git_source"] = repository;
            program["source"] = "GIT";
        }

        if (job.ServerlessEnvironment is not null)
        {
            task["environment_key"] = Key;
            run["environments"] = new JsonArray(new JsonObject { ["environment_key"] = Key, ["spec"] = job.EnvironmentSpecification() });
        }
        else if (job.ClusterId is not null)
        {
            task["existing_cluster_id"] = job.ClusterId;
        }
        else
        {
            task["new_cluster"] = job.ClusterSpecification();
        }

        if (job.LibraryList() is { } libraries)
            task["libraries"] = libraries;
        if (passing == VariablePassing.Serverless)
        {
            task["environment_variables_key"] = Key;
            var spec = new JsonObject { ["variables"] = Object(job.Environment) };
            run["environment_variables"] = new JsonArray(new JsonObject { ["environment_variables_key"] = Key, ["spec"] = spec });
        }

        run["tasks"] = new JsonArray(task);
        return run;
    }

    /// <summary>Creates a JSON object with string values.</summary>
    internal static JsonObject Object(IEnumerable<KeyValuePair<string, string>> values)
    {
        JsonObject result = [];
        foreach (KeyValuePair<string, string> value in values)
            result[value.Key] = value.Value;
        return result;
    }
}
