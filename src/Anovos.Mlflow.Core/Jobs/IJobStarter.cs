namespace Anovos.Mlflow.Jobs;

/// <summary>A way to start a job run.</summary>
internal interface IJobStarter
{
    /// <summary>How long the run may take; null for as long as it takes.</summary>
    TimeSpan? Timeout { get; }

    /// <summary>Starts the run.</summary>
    /// <param name="jobs">The workspace.</param>
    /// <param name="folder">For files that the run needs.</param>
    /// <param name="cancellationToken">Cancels it. A request that starts the run is given some seconds to return its id.</param>
    Task<StartedJob> StartAsync(JobsApi jobs, JobFolder folder, CancellationToken cancellationToken);

    /// <summary>
    /// Starts another run without <see cref="VariablePassing.Serverless"/>, in place of one that lost its environment variables.
    /// </summary>
    /// <inheritdoc cref="StartAsync"/>
    Task<StartedJob> StartAgainAsync(JobsApi jobs, JobFolder folder, CancellationToken cancellationToken);
}

/// <summary>A job run that was started.</summary>
/// <param name="RunId">Its id.</param>
internal sealed record StartedJob(long RunId)
{
    /// <summary>The repair that was asked for; null without one.</summary>
    public long? RepairId { get; init; }

    /// <summary>Whether the run must show an entry of environment variables.</summary>
    public bool NeedsVariables { get; init; }
}
