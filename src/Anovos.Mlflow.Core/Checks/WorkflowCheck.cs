using Anovos.Mlflow.Configuration;

namespace Anovos.Mlflow.Checks;

/// <summary>Checks a workflow file to its last argument: what Anovos would fail at, what it would ignore, and what is odd.</summary>
public static class WorkflowCheck
{
    /// <summary>Everything that is to be said about a workflow file, in its order; a sound one gives nothing.</summary>
    /// <exception cref="MlflowException">
    /// <see cref="ErrorKind.ConfigNotFound"/>, or <see cref="ErrorKind.ConfigInvalid"/> when the file is too large.
    /// </exception>
    public static IReadOnlyList<ConfigDiagnostic> Run(string path, WorkflowCheckOptions options,
        CancellationToken cancellationToken = default)
    {
        path = ConfigFile.FullPath(path);
        return Run(ConfigFile.Read(path, cancellationToken), path, options, cancellationToken);
    }

    /// <summary>Checks a file's bytes; the path is for messages.</summary>
    internal static IReadOnlyList<ConfigDiagnostic> Run(byte[] bytes, string path, WorkflowCheckOptions options,
        CancellationToken cancellationToken = default)
    {
        ConfigReading reading = ConfigReading.Of(bytes, path, cancellationToken);
        if (reading.Config is not { } config)
            return reading.Diagnostics;
        var findings = new Findings(path, options.RunType);
        var file = new WorkflowFile(options.AnovosTracks ? config.Root : config.Root.Without("mlflow"), findings);
        new BlockRules(file).Check();
        new DatasetRules(file).Check();
        new WriteRules(file).Check();
        new StatisticRules(file).Check();
        new TrackingRules(file).Check();
        new QualityRules(file).Check();
        new AnalysisRules(file).Check();
        new TransformerRules(file).Check();
        new ReportRules(file).Check();
        new PlaceRules(file).Check();
        new ColumnRules(file, new InputData(findings, options)).Check();
        return Join(reading.Diagnostics, findings.InFileOrder);
    }

    // The reader of the file knows some of it, in fewer words: of two findings about a key, the weightier one remains.
    private static IReadOnlyList<ConfigDiagnostic> Join(IReadOnlyList<ConfigDiagnostic> read, IReadOnlyList<ConfigDiagnostic> found)
    {
        ILookup<string, ConfigDiagnostic> byKey = found.ToLookup(item => item.Key, StringComparer.Ordinal);
        ConfigDiagnostic[] kept = [.. read.Where(item => !byKey[item.Key].Any(other => IsSame(item, other)
            && other.Severity >= item.Severity))];
        ILookup<string, ConfigDiagnostic> keptByKey = kept.ToLookup(item => item.Key, StringComparer.Ordinal);
        IEnumerable<ConfigDiagnostic> added = found.Where(item => !keptByKey[item.Key].Any(other => IsSame(item, other)));
        return [.. kept.Concat(added).OrderBy(item => item.Line).ThenBy(item => item.Column)];
    }

    private static bool IsSame(ConfigDiagnostic one, ConfigDiagnostic other) => one.Rule == other.Rule || one.Line == other.Line;
}
