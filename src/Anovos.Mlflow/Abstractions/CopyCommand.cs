using System.Management.Automation;
using Anovos.Mlflow.Copying;
using Anovos.Mlflow.PowerShell.Errors;
using Anovos.Mlflow.PowerShell.Sessions;

namespace Anovos.Mlflow.PowerShell.Abstractions;

/// <summary>
/// A cmdlet that copies runs from one store to another. It collects pipeline input and copies at the end. It can be interrupted and
/// repeated.
/// </summary>
public abstract class CopyCommand : TrackingCommand
{
    private readonly HashSet<string> _warnedOnce = new(StringComparer.Ordinal);
    private readonly HashSet<MlflowException> _reported = [];
    private MlflowConnection _target = null!;
    private CopyNames _names = null!;

    /// <summary>The store to copy to: a SQLite database, a folder, the address of a server, or <c>databricks</c>.</summary>
    [Parameter(Position = 1)]
    [ValidateNotNullOrEmpty]
    public string? Destination { get; set; }

    /// <summary>A connection from <c>Connect-Mlflow</c> to copy to; its credentials are used there.</summary>
    [Parameter]
    [ValidateNotNull]
    public MlflowConnection? DestinationConnection { get; set; }

    /// <summary>The experiment to copy into; without it, the experiment of the same name.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? DestinationExperiment { get; set; }

    /// <summary>The names at the target: a script block that gets a name as <c>$_</c>, or a folder for the experiments.</summary>
    [Parameter]
    [ValidateNotNull]
    public object? ExperimentPath { get; set; }

    /// <summary>Keeps the ids of experiments, runs and models. Only a folder or a database supports this.</summary>
    [Parameter]
    public SwitchParameter KeepId { get; set; }

    /// <summary>Keeps the artifact locations of experiments instead of the target's own.</summary>
    [Parameter]
    public SwitchParameter KeepArtifactLocation { get; set; }

    /// <summary>Restores experiments that are deleted at the target.</summary>
    [Parameter]
    public SwitchParameter Restore { get; set; }

    /// <summary>Also copies the registered model versions that were created from the runs, with aliases and tags.</summary>
    [Parameter]
    public SwitchParameter Model { get; set; }

    /// <summary>Compares artifacts by hash instead of by length only.</summary>
    [Parameter]
    public SwitchParameter Verify { get; set; }

    /// <summary>Compares runs again even if they were copied completely and have not changed.</summary>
    [Parameter]
    public SwitchParameter Force { get; set; }

    /// <summary>Sets a tag with the list of missing parts on copies that are not complete.</summary>
    [Parameter]
    public SwitchParameter TagMissing { get; set; }

    /// <summary>Whether the whole store is copied, including its whole registry.</summary>
    private protected virtual bool IsWholeStore => false;

    /// <inheritdoc/>
    protected override void Begin()
    {
        try
        {
            if (Destination is null == DestinationConnection is null)
                throw Invalid("Specify the store to copy to, with either -Destination or -DestinationConnection.");
            _names = new CopyNames(DestinationExperiment, ExperimentPath);
            _target = DestinationConnection ?? Session.Resolve(Destination, ParseTarget);
        }
        catch (MlflowException e)
        {
            Throw(e.ToErrorRecord());
        }
    }

    /// <summary>Resolves the store to copy from. The parameters take precedence over the URI <paramref name="fallback"/>.</summary>
    private protected MlflowConnection ResolveSource(string? fallback = null)
    {
        MlflowConnection source = UseBeside(FindConnection(fallback), [_target]);
        WarnIfMissing(source.Store);
        return source;
    }

    /// <summary>Copies the selected runs of one store.</summary>
    /// <param name="source">The store.</param>
    /// <param name="select">Selects the runs.</param>
    private protected void Copy(MlflowConnection source, Func<StoreCopier, CancellationToken, Task> select)
    {
        MlflowConnection target = UseBeside(_target, [source]);
        Listen(source);
        if (source.TrackingUri == target.TrackingUri && _names.Keeps)
        {
            string message = $"The source {source} is also the target, so its runs would be copied into itself. Specify another store with "
                + "-Destination, or another experiment with -DestinationExperiment or -ExperimentPath.";
            WriteError(Invalid(message).ToErrorRecord(source.TrackingUri));
            return;
        }

        if (IsWhatIf)
        {
            var totals = new CopyTotals();
            Run(source, target, select, countOnly: true, totals.Add, totals.Add);
            ShouldProcess($"{totals.Runs} of {source} to {target}: {totals}", "Copy");
            return;
        }

        if (!ShouldProcess($"runs of {source.TrackingUri} to {target}", "Copy"))
            return;
        Run(source, target, select, countOnly: false, WriteObject, WriteObject);
    }

    private void Run(
        MlflowConnection source,
        MlflowConnection target,
        Func<StoreCopier, CancellationToken, Task> select,
        bool countOnly,
        Action<SyncResult> run,
        Action<ModelResult> model)
    {
        var display = new TransferDisplay($"Copying runs of {source.TrackingUri} to {target}", record => Post(() => ShowProgress(record)));
        Await(async token =>
        {
            var options = new CopyOptions
            {
                ExperimentName = _names.Keeps ? null : name => NameOf(name, token),
                KeepIds = KeepId,
                KeepArtifactLocations = KeepArtifactLocation,
                Restore = Restore,
                Verify = Verify,
                Force = Force,
                TagMissing = TagMissing,
                AllModels = IsWholeStore,
                CountOnly = countOnly,
                OnRetry = TellRetry,
                Warn = WarnOnce,
            };
            var copier = new StoreCopier(source.Store, target.Store, options, display.Report);
            if (Model)
                await copier.CheckRegistriesAsync(token).ConfigureAwait(false);
            await select(copier, token).ConfigureAwait(false);
            await copier.CopyAsync(result => Post(() => Completed(result)), token).ConfigureAwait(false);
            if (Model)
                await CopyModelsAsync(copier, result => Post(() => CompletedModel(result)), token).ConfigureAwait(false);
        });
        ShowProgress(display.Done);

        void Completed(SyncResult result)
        {
            run(result);
            Report(result.RunId, "Run", result.Error, result.Missing.Count, result.Reason);
        }

        void CompletedModel(ModelResult result)
        {
            model(result);
            Report(result.Name, "Model", result.Error, result.Missing.Count, result.Reason);
        }
    }

    private async Task CopyModelsAsync(StoreCopier copier, Action<ModelResult> completed, CancellationToken cancellationToken)
    {
        int others = await copier.CopyModelsAsync(completed, cancellationToken).ConfigureAwait(false);
        if (others > 0)
            Post(() => WriteVerbose($"Not copied: {ReadableCount.Format(others, "registered model")} without a version of a copied run."));
    }

    private void Report(string name, string kind, MlflowException? error, int missing, string reason)
    {
        // An experiment that cannot be used makes each of its runs fail with the same error.
        if (error is not null && _reported.Add(error))
            WriteError(error.ToErrorRecord(name));
        else if (error is null && missing > 0 && _warnedOnce.Add(name))
            WriteWarning($"{kind} {name} {(IsWhatIf ? "would not be" : "is not")} complete at the target. {reason}");
    }

    private bool IsWhatIf => MyInvocation.BoundParameters.TryGetValue("WhatIf", out object? bound)
        ? ((SwitchParameter)bound!).IsPresent
        : LanguagePrimitives.IsTrue(SessionState.PSVariable.GetValue("WhatIfPreference"));

    // Called on another thread, but a script block can only run on the pipeline thread.
    private string NameOf(string experiment, CancellationToken cancellationToken)
    {
        var named = new TaskCompletionSource<string>();
        Post(() =>
        {
            try
            {
                named.SetResult(_names.NameOf(experiment));
            }
            catch (MlflowException e)
            {
                named.SetException(e);
            }
        });
        Task.WaitAny([named.Task], cancellationToken);
        return named.Task.GetAwaiter().GetResult();
    }

    private static MlflowException Invalid(string message) => new(ErrorKind.InvalidValue, message);
}
