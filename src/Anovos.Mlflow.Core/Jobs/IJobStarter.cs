namespace Anovos.Mlflow.Jobs;

/// <summary>A way to start a job run.</summary>
internal interface IJobStarter
{
    /// <summary>The timeout of the run; null for none.</summary>
    TimeSpan? Timeout { get; }

    /// <summary>Starts the run.</summary>
    /// <param name="jobs">The workspace.</param>
    /// <param name="folder">The folder for files that the run needs.</param>
    /// <param name="cancellationToken">Cancels the operation. A request that starts the run gets a few more seconds for its id.</param>
    Task<StartedJob> StartAsync(JobsApi jobs, JobFolder folder, CancellationToken cancellationToken);

    /// <summary>
    /// Starts another run without <see cref="VariablePassing.Serverless"/>, to replace one that lost its environment variables.
    /// </summary>
    /// <inheritdoc cref="StartAsync"/>
    Task<StartedJob> StartAgainAsync(JobsApi jobs, JobFolder folder, CancellationToken cancellationToken);
}

/// <summary>A job run that was started.</summary>
/// <param name="RunId">The id.</param>
internal sealed record StartedJob(long RunId)
{
    /// <summary>The id of the requested repair; null without a repair.</summary>
    public long? RepairId { get; init; }

    /// <summary>Whether the run must contain an entry for environment variables.</summary>
    public bool NeedsVariables { get; init; }
}
