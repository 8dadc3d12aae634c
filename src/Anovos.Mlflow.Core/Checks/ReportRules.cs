using Anovos.Mlflow.Configuration;
using Anovos.Mlflow.Yaml;

namespace Anovos.Mlflow.Checks;

/// <summary>Checks the reports, and the analyses of times and places that they show.</summary>
internal sealed class ReportRules(WorkflowFile file)
{
    private static readonly string[] Sources = ["stats_generator", "quality_checker", "association_evaluator", "drift_detector",
        "report_preprocessing"];
    private readonly Findings _findings = file.Findings;

    /// <summary>Adds what is found to the findings.</summary>
    public void Check()
    {
        if (file.Running("report_generation") is { } report)
            FullReport(report);
        if (file.Running("report_preprocessing")?.Mapping("charts_to_objects") is { } charts)
            Charts(charts);
        if (file.IsBasic && file.Root.Mapping("anovos_basic_report")?.Mapping("report_args") is { } arguments)
            BasicReport(arguments);
        if (file.Block("timeseries_analyzer") is { } times)
            Times(times);
        if (file.Block("geospatial_controller") is { } places)
            Places(places);
    }

    private void FullReport(YamlMapping report)
    {
        YamlPosition at = file.At("report_generation");
        string? master = report["master_path"] is YamlScalar { IsTruthy: true } path ? path.Text : null;
        if (file.MasterPath is { } other && master is not null && Clean(other) != Clean(master))
        {
            _findings.Warn(RuleIds.ReportIncomplete, report["master_path"]!.Position, "report_generation.master_path",
                "The report reads another 'master_path' than 'report_preprocessing' writes.",
                    "Anovos reports what it finds there: old statistics, or none.",
                $"Write '{YamlScalar.Quote(other)}' in both.");
        }

        if (!file.Metrics.Contains("global_summary"))
        {
            _findings.Note(RuleIds.ReportIncomplete, at, "report_generation", "The report needs 'global_summary', and no step writes it.",
                "Anovos prints that data are unavailable, writes no report, and goes on.",
                    "Add 'global_summary' to 'stats_generator.metric'.");
        }

        foreach (string late in Sources.Where(block => file.Running(block) is not null
            && file.Order(block) > file.Order("report_generation")))
        {
            if (late != "report_preprocessing" || file.Steps.Any(step => step.Block == late))
            {
                _findings.Warn(RuleIds.StepOrder, file.At(late), late, $"'{late}' comes after 'report_generation'.",
                    "The report does not have its results, or has those of an earlier run.",
                    $"Put '{late}' before 'report_generation'.");
            }
        }
    }

    private void Charts(YamlMapping charts)
    {
        bool noSource = charts["source_path"] is null or YamlScalar { Text: "NA" };
        YamlMapping? drift = file.Running("drift_detector")?.Mapping("drift_statistics");
        if (charts.Find("drift_detector") is { Value.IsTruthy: true } on && noSource && (drift is null
            || file.Order("drift_detector") > file.Order("report_preprocessing")))
        {
            _findings.Warn(RuleIds.StepOrder, on.Key.Position, "report_preprocessing.charts_to_objects.drift_detector",
                "The drift charts need 'drift_statistics', and no step before writes it.",
                "Anovos logs an error and goes on without these charts.",
                    "Put 'drift_detector.drift_statistics' before it, or write 'drift_detector: False'.");
        }
    }

    private void BasicReport(YamlMapping arguments)
    {
        if (arguments["label_col"] is { IsTruthy: true } label && arguments["event_label"] is null or { IsTruthy: false })
        {
            _findings.Error(RuleIds.ValueCombination, label.Position, "anovos_basic_report.report_args.event_label",
                "'label_col' needs an 'event_label'.",
                "stops at the basic report: TypeError: Invalid input for Event Label Value.",
                    "Add 'event_label' with the value that counts as the event.");
        }
    }

    private void Times(YamlMapping block)
    {
        if (block["inspection"] is not { IsTruthy: true })
            return;
        if (block["id_col"] is null or { IsNull: true })
        {
            _findings.Error(RuleIds.KeyMissing, block.Find("inspection")!.Key.Position, "timeseries_analyzer.id_col",
                "The inspection needs an 'id_col'.", "stops at the step: TypeError.",
                "Add 'id_col' with the name of a column.");
        }

        foreach (string key in new[] { "max_days", "analysis_level" }.Where(key => block[key] is null or { IsNull: true }))
        {
            _findings.Warn(RuleIds.KeyMissing, block.Find("inspection")!.Key.Position, "timeseries_analyzer." + key,
                $"The inspection needs '{key}'.",
                "Anovos stops as soon as the data have a column of dates.",
                    key == "max_days" ? "Add 'max_days: 3600'." : "Add 'analysis_level: daily'.");
        }
    }

    private void Places(YamlMapping block)
    {
        YamlMapping? analyzer = block.Mapping("geospatial_analyzer");
        bool detects = analyzer?["auto_detection_analyzer"] is { IsTruthy: true };
        if (block.Find("geo_transformations") is { Value.IsNull: false } transformations && !detects && analyzer is not null)
        {
            _findings.Error(RuleIds.ValueCombination, transformations.Key.Position, "geospatial_controller.geo_transformations",
                "'geo_transformations' needs 'auto_detection_analyzer: True'.",
                    "stops at it: UnboundLocalError: local variable 'lat_cols' referenced before assignment.",
                "Set 'geospatial_analyzer.auto_detection_analyzer' to True, or remove 'geo_transformations'.");
        }

        foreach (string key in new[] { "id_col", "max_analysis_records", "top_geo_records", "max_cluster", "eps", "min_samples" })
        {
            if (detects && analyzer![key] is null or { IsNull: true } && detects)
            {
                _findings.Warn(RuleIds.KeyMissing, analyzer!.Find("auto_detection_analyzer")!.Key.Position,
                    "geospatial_controller.geospatial_analyzer." + key,
                    $"The detection needs '{key}'.", "Anovos stops as soon as it finds columns of coordinates.", $"Add '{key}'.");
            }
        }

        if (detects && block.Mapping("geo_transformations") is { } given)
            Transformations(given);
    }

    private void Transformations(YamlMapping given)
    {
        const string Path = "geospatial_controller.geo_transformations.";
        void Need(string flag, params string[] keys)
        {
            if (given[flag] is not { IsTruthy: true } on)
                return;
            foreach (string key in keys.Where(key => given[key] is null or { IsNull: true }))
            {
                _findings.Error(RuleIds.KeyMissing, given.Find(flag)!.Key.Position, Path + key, $"'{flag}' needs '{key}'.",
                    "stops at it, as it hands on null in place of the default: TypeError.", $"Add '{key}', or write '{flag}: False'.");
            }
        }

        Need("location_in_country_detection", "country", "method_type", "list_of_lat", "list_of_lon");
        Need("geo_format_conversion", "loc_input_format", "loc_output_format", "list_of_lat", "list_of_lon", "list_of_geohash");
        Need("centroid_calculation", "list_of_lat", "list_of_lon");
        Need("rog_calculation", "list_of_lat", "list_of_lon");
        foreach (string key in new[] { "list_of_lat", "list_of_lon" })
        {
            bool letters = given["centroid_calculation"] is { IsTruthy: true } || given["rog_calculation"] is { IsTruthy: true };
            if (letters && given[key] is YamlScalar { Kind: YamlKind.String } text)
                _findings.Error(RuleIds.ValueType, text.Position, Path + key, $"'{key}' is text.",
                    "takes it letter by letter and stops: TypeError: Invalid input for lat_col.", "Write a list.");
        }

        int lat = ListRules.Names(given["list_of_lat"]).Count, lon = ListRules.Names(given["list_of_lon"]).Count;
        if (lat != lon && given["list_of_lon"] is { } longitudes)
            _findings.Error(RuleIds.ListLength, longitudes.Position, Path + "list_of_lon",
                $"There are {lat} columns of latitudes and {lon} of longitudes.",
                "stops at it: TypeError: list_of_lat and list_of_lon must have the same length.", "Give both the same length.");
    }

    private static string Clean(string path) => path.Replace('\\', '/').TrimEnd('/') is var text && text.StartsWith("./",
        StringComparison.Ordinal) ? text.Substring(2) : text;
}
