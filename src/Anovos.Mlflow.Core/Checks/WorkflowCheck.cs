using Anovos.Mlflow.Configuration;

namespace Anovos.Mlflow.Checks;

/// <summary>Checks a workflow file down to the last argument for errors, for settings that Anovos ignores, and for oddities.</summary>
public static class WorkflowCheck
{
    /// <summary>Returns all findings about a workflow file, in file order; none for a sound file.</summary>
    /// <exception cref="MlflowException">
    /// <see cref="ErrorKind.ConfigNotFound"/>, or <see cref="ErrorKind.ConfigInvalid"/> if the file is too large.
    /// </exception>
    public static IReadOnlyList<ConfigDiagnostic> Run(string path, WorkflowCheckOptions options,
        CancellationToken cancellationToken = default)
    {
        path = ConfigFile.FullPath(path);
        return Run(ConfigFile.Read(path, cancellationToken), path, options, cancellationToken);
    }

    /// <summary>Checks a file's bytes. The path is only used in messages.</summary>
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

    // Reading the file finds some of the same mistakes, with shorter texts. Of two findings about a key, keep the more severe.
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
