using Anovos.Mlflow.Yaml;

namespace Anovos.Mlflow.Configuration;

/// <summary>Adds the rows for each kind of output, with the target paths from the blocks of the file.</summary>
internal sealed class PlanTargets(YamlMapping root, PlanRows rows, string basePath)
{
    private const string NoMasterPath = "no report_preprocessing.master_path: the step writes to the working directory, among other files";

    private readonly OutputPath? _intermediates = Folder(root.Mapping("write_intermediate"), "file_path", basePath);
    private readonly OutputPath? _statistics = Folder(root.Mapping("write_stats"), "file_path", basePath);
    private readonly OutputPath? _master = Folder(root.Mapping("report_preprocessing"), "master_path", basePath);

    /// <summary>Adds a dataset between two steps. <paramref name="why"/> is the reason why it is not written; null if it is.</summary>
    public void Intermediate(string step, string folder, string? why)
    {
        why ??= _intermediates is null ? Nothing("write_intermediate") : null;
        if (why is not null)
            rows.Skip(OutputKind.Intermediate, step, folder, why);
        else
            rows.Folder(OutputKind.Intermediate, step, _intermediates!.Child(folder), folder);
    }

    /// <summary>Adds a table of statistics: a file in the master path, or a dataset if there is no master path.</summary>
    public void Statistic(string step, string name, string folder, string? why)
    {
        // Only stats_generator writes to another place in the master path when reports are tracked.
        bool inRunFolder = rows.TracksReports && step.StartsWith("stats_generator.", StringComparison.Ordinal);
        why ??= _master is null && _statistics is null ? Nothing("write_stats") : null;
        if (why is not null)
            rows.Skip(OutputKind.Statistic, step, _master?.Name ?? folder, why);
        else if (_master is not null)
            rows.File(OutputKind.Statistic, step, _master, name + ".csv", _master.Name, inRunFolder);
        else
            rows.Folder(OutputKind.Statistic, step, _statistics!.Child(folder), folder);
    }

    /// <summary>Adds a table that is only written to the master path.</summary>
    public void MasterStatistic(string step, string name, string? why)
    {
        if (_master is not null)
            Statistic(step, name, folder: "", why);
    }

    /// <summary>Adds files with unknown names in the master path, next to the files of other steps.</summary>
    public void Shared(OutputKind kind, string step, string? why)
    {
        why ??= _master is null ? NoMasterPath : null;
        if (why is not null)
            rows.Skip(kind, step, _master?.Name, why);
        else
            rows.Folder(kind, step, _master!, _master!.Name, inRunFolder: false);
    }

    /// <summary>
    /// Adds data that a step keeps for a later workflow, in the folder of a setting or by default in <c>intermediate_data</c> of the
    /// working directory. Anovos never uploads it, and never creates a folder for the run in it.
    /// </summary>
    public void Kept(string step, string name, YamlMapping? settings, string key, string? why)
    {
        // In Anovos, NA means none.
        string place = settings?.Text(key) is { } text && text != "NA" ? text : "intermediate_data";
        if (why is null && OutputPath.Parse(place, basePath) is { } folder)
            rows.Folder(OutputKind.Intermediate, $"{step}.{key}", folder.Child(name), $"{folder.Name}/{name}", inRunFolder: false);
    }

    /// <summary>Adds the folder where the stability index appends its metrics in every run.</summary>
    public void Appended(string step, YamlMapping settings, string? why)
    {
        if (why is null && Folder(settings, "appended_metric_path", basePath) is { } folder)
            rows.Folder(OutputKind.Intermediate, step, folder, folder.Name, inRunFolder: false);
    }

    /// <summary>Adds the basic report.</summary>
    public void BasicReport(string step, YamlMapping? arguments, string? why)
    {
        OutputPath? folder = Folder(arguments, "output_path", basePath);
        why ??= folder is null ? "no report_args.output_path: the report is written to the working directory, among other files" : null;
        if (why is not null)
            rows.Skip(OutputKind.Report, step, folder?.ArtifactPath, why);
        else
            rows.Folder(OutputKind.Report, step, folder!, folder!.ArtifactPath);
    }

    /// <summary>Adds the full report, which is written to the working directory by default.</summary>
    public void FullReport(string step, YamlMapping block, string? why)
    {
        OutputPath folder = Folder(block, "final_report_path", basePath) ?? OutputPath.Parse(".", basePath)!;
        if (why is not null)
            rows.Skip(OutputKind.Report, step, folder.Name, why);
        else
            rows.File(OutputKind.Report, step, folder, "ml_anovos_report.html", folder.Name, inRunFolder: rows.TracksReports);
    }

    /// <summary>Adds the final dataset.</summary>
    public void FinalDataset(string block)
    {
        const string Dataset = "final_dataset";
        if (Folder(root.Mapping(block), "file_path", basePath) is { } folder)
            rows.Folder(OutputKind.Output, block, folder.Child(Dataset), Dataset);
        else if (root[block] is { } node)
            rows.Skip(OutputKind.Output, block, Dataset, node.IsNull ? PlanSteps.IsNull : Nothing(block));
    }

    /// <summary>Adds the feature description.</summary>
    public void Features(string block)
    {
        // A separate folder: among the dataset's artifacts, it would break reading them as a dataset.
        const string Features = "feature_store";
        if (Folder(root.Mapping(block), "file_path", basePath) is { } folder)
            rows.File(OutputKind.Output, block, folder, "anovos.py", Features, inRunFolder: false);
        else if (root[block] is { } node)
            rows.Skip(OutputKind.Output, block, Features, node.IsNull ? PlanSteps.IsNull : Nothing(block));
    }

    private static OutputPath? Folder(YamlMapping? block, string key, string basePath) =>
        block?.Text(key) is { } text ? OutputPath.Parse(text, basePath) : null;

    private static string Nothing(string block) => $"no {block} block: nothing is written";
}
