using Anovos.Mlflow.Artifacts;
using Anovos.Mlflow.Cloud;
using Anovos.Mlflow.Configuration;

namespace Anovos.Mlflow.Outputs;

/// <summary>Decides which files of a workflow's outputs are sent, and gives a reason for files that are not.</summary>
public sealed class OutputSelection
{
    private const string OfRun = " of run ";
    private const string Earlier = "it is from an earlier run: it was written before this run started";

    // File times may have a low resolution.
    private static readonly TimeSpan Coarse = TimeSpan.FromSeconds(2);

    private readonly IReadOnlyList<ArtifactPattern> _include;
    private readonly IReadOnlyList<ArtifactPattern> _exclude;
    private readonly bool _force;

    /// <summary>Selects by the flags of the workflow and by patterns of artifact paths.</summary>
    /// <param name="include">The patterns of paths to include; if there are none, all paths are included.</param>
    /// <param name="exclude">The patterns of paths to exclude.</param>
    /// <param name="force">Whether to ignore the flags.</param>
    /// <exception cref="MlflowException"><see cref="ErrorKind.InvalidValue"/> for an invalid pattern.</exception>
    public OutputSelection(IEnumerable<string> include, IEnumerable<string> exclude, bool force)
        : this([.. include.Select(ArtifactPattern.Parse)], [.. exclude.Select(ArtifactPattern.Parse)], force)
    {
    }

    private OutputSelection(IReadOnlyList<ArtifactPattern> include, IReadOnlyList<ArtifactPattern> exclude, bool force) =>
        (_include, _exclude, _force) = (include, exclude, force);

    /// <summary>The maximum length of a file, in bytes; null for no limit. Longer files are left out.</summary>
    public long? MaximumLength { get; init; }

    private DateTime? WrittenSinceUtc { get; init; }

    /// <summary>Adds a rule that leaves out files written before a run started, which are from an earlier run.</summary>
    public OutputSelection WrittenSince(DateTime utc) =>
        new(_include, _exclude, _force) { MaximumLength = MaximumLength, WrittenSinceUtc = utc - Coarse };

    /// <summary>True if one of the files was written since a run started.</summary>
    public static bool AnyWrittenSince(DateTime utc, IEnumerable<ScannedOutput> outputs) =>
        outputs.SelectMany(output => output.Files).Any(file => Written(file) >= utc - Coarse);

    /// <summary>Returns the output with a decision and a reason for each file.</summary>
    public ScannedOutput Explain(ScannedOutput output) => output.With(output.Files.Select(
        file => WhyNot(output, file) is { } why ? file with { Tracked = false, Reason = why } : file with { Tracked = true, Reason = output.Tracked ? output.Reason : "-Force overrides the flags" }));

    /// <summary>Selects from outputs.</summary>
    /// <param name="outputs">The outputs with their files.</param>
    /// <param name="runId">The run to send the files to.</param>
    /// <param name="open">Returns the source of a file; if it is null, all files are on this machine.</param>
    public Selected Of(IEnumerable<ScannedOutput> outputs, string runId, Func<OutputFile, ArtifactSource>? open = null)
    {
        open ??= file => new FileSource(new FileInfo(file.FullPath));
        var selected = new Selected();
        foreach (ScannedOutput output in outputs.Where(output => output.Path is not null))
            Add(output, runId, open, selected);
        if (selected.NotSent.Count(row => row.Reason == Earlier) is var earlier and > 0)
        {
            selected.Warnings.Add(
                $"Not sent: {earlier} file{(earlier == 1 ? "" : "s")} of an earlier run. Send-AnovosArtifact -Force sends such files too.");
        }

        if (selected.NotSent.Any(row => row.Status == ArtifactStatus.Missing && !row.Reason.Contains(OfRun)))
            selected.Warnings.Add("Relative paths in a workflow start from its working directory. Specify it with -BasePath if it is not the current folder.");
        return selected;
    }

    private void Add(ScannedOutput output, string runId, Func<OutputFile, ArtifactSource> open, Selected selected)
    {
        string artifactPath = output.ArtifactPath ?? "";
        if (output.Output.IsFile)
            artifactPath = ArtifactPath.Join(artifactPath, Path.GetFileName(output.Path!));
        if (!output.Tracked && !_force)
        {
            selected.NotSent.Add(Row(ArtifactStatus.NotTracked, artifactPath, output.Path!, output.Reason));
            return;
        }

        if (output.Output.IsRemote && !Buckets.Speaks(output.Path!))
        {
            const string Remedy = "Copy it to a folder, or to s3:, gs:, wasbs: or abfss:, and send it from there";
            Refuse(ArtifactStatus.Failed, $"{output.Path} is in a store that this version does not support. {Remedy}");
            return;
        }

        if (output.Output.IsRemote && output.Errors.Count > 0)
        {
            Refuse(ArtifactStatus.Failed, output.Errors[0].TrimEnd('.'));
            return;
        }

        // Several steps share a report folder, and its files belong to the first of them.
        bool isDataset = output.Kind is OutputKind.Output or OutputKind.Intermediate;
        if (!output.Exists || (isDataset && output.Files.Count == 0))
        {
            Refuse(ArtifactStatus.Missing, WhyMissing(output));
            return;
        }

        selected.Warnings.AddRange(output.Errors);
        foreach (OutputFile file in output.Files)
        {
            if (WhyNot(output, file) is { } why)
                selected.NotSent.Add(Row(ArtifactStatus.NotTracked, file.ArtifactPath, file.FullPath, why) with { Length = file.Length });
            else
                selected.Uploads.Add(new ArtifactUpload(open(file), file.ArtifactPath) { Kind = output.Kind.ToString(), Folder = output.ArtifactPath ?? "", Md5 = file.Md5 });
        }

        void Refuse(ArtifactStatus status, string reason)
        {
            // If the patterns exclude the output anyway, it is not missing.
            if (WhyNot(artifactPath) is { } why)
            {
                selected.NotSent.Add(Row(ArtifactStatus.NotTracked, artifactPath, output.Path!, why));
                return;
            }

            selected.NotSent.Add(Row(status, artifactPath, output.Path!, reason));
            if (status == ArtifactStatus.Missing)
                selected.Warnings.Add($"{output.Step} was not sent: {reason}.");
        }

        ArtifactResult Row(ArtifactStatus status, string path, string file, string reason) =>
            new() { Kind = output.Kind.ToString(), ArtifactPath = path, Path = file, Status = status, Reason = reason, RunId = runId };
    }

    // When Anovos tracks, it names folders by the run id.
    private static string WhyMissing(ScannedOutput output)
    {
        if (output.OtherRuns.Count == 0)
            return output.Exists ? $"the folder {output.Path} has no files of this run" : $"{output.Path} does not exist";
        string folder = output.Output.IsFile ? Path.GetDirectoryName(output.Path!)! : output.Path!;
        string newest = output.OtherRuns[0];
        string others = output.OtherRuns.Count == 1 ? "" : $" and of {output.OtherRuns.Count - 1} earlier";
        return $"the folder {folder} has no files of this run, but has files{OfRun}{newest}{others}. Send them to that run with "
            + $"Send-AnovosArtifact -RunId {newest}, or to this one with Get-AnovosOutput -RunId {newest} | Send-AnovosArtifact";
    }

    private string? WhyNot(ScannedOutput output, OutputFile file)
    {
        if (!output.Tracked && !_force)
            return output.Reason;
        if (output.Tracked && !file.Tracked)
            return file.Reason;
        if (WhyNot(file.ArtifactPath) is { } why)
            return why;
        if (file.Length > MaximumLength)
            return $"it has {file.Length} bytes, but -MaximumLength allows only {MaximumLength}";
        return !_force && WrittenSinceUtc is { } since && Written(file) < since ? Earlier : null;
    }

    private static DateTime Written(OutputFile file) => file.WrittenUtc ?? File.GetLastWriteTimeUtc(file.FullPath);

    private string? WhyNot(string artifactPath)
    {
        if (_exclude.FirstOrDefault(pattern => pattern.Selects(artifactPath)) is { } excluding)
            return $"-Exclude '{excluding}' excludes it";
        return _include.Count == 0 || _include.Any(pattern => pattern.Selects(artifactPath)) ? null : "no -Include pattern selects it";
    }

    /// <summary>The result of a selection.</summary>
    public sealed class Selected
    {
        /// <summary>The files to send.</summary>
        public List<ArtifactUpload> Uploads { get; } = [];

        /// <summary>A row for each output or file that is not sent.</summary>
        public List<ArtifactResult> NotSent { get; } = [];

        /// <summary>A sentence for each output or file that should have been sent but cannot be.</summary>
        public List<string> Warnings { get; } = [];
    }
}
