using Anovos.Mlflow.Configuration;
using Anovos.Mlflow.Yaml;

namespace Anovos.Mlflow.Checks;

/// <summary>Checks the analyses of times and places.</summary>
internal sealed class PlaceRules(WorkflowFile file)
{
    private readonly Findings _findings = file.Findings;

    /// <summary>Runs the checks and adds the findings.</summary>
    public void Check()
    {
        if (file.Block("timeseries_analyzer") is { } times)
            Times(times);
        if (file.Block("geospatial_controller") is { } places)
            Places(places);
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
                "Anovos stops as soon as the data have a date column.",
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
                    "stops here: UnboundLocalError: local variable 'lat_cols' referenced before assignment.",
                "Set 'geospatial_analyzer.auto_detection_analyzer' to True, or remove 'geo_transformations'.");
        }

        foreach (string key in new[] { "id_col", "max_analysis_records", "top_geo_records", "max_cluster", "eps", "min_samples" })
        {
            if (detects && analyzer![key] is null or { IsNull: true } && detects)
            {
                _findings.Warn(RuleIds.KeyMissing, analyzer!.Find("auto_detection_analyzer")!.Key.Position,
                    "geospatial_controller.geospatial_analyzer." + key,
                    $"The detection needs '{key}'.", "Anovos stops as soon as it finds coordinate columns.", $"Add '{key}'.");
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
                    "stops here because it passes null instead of the default: TypeError.", $"Add '{key}', or write '{flag}: False'.");
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
                    "reads it letter by letter and stops: TypeError: Invalid input for lat_col.", "Write a list.");
        }

        int lat = ListRules.Names(given["list_of_lat"]).Count, lon = ListRules.Names(given["list_of_lon"]).Count;
        if (lat != lon && given["list_of_lon"] is { } longitudes)
            _findings.Error(RuleIds.ListLength, longitudes.Position, Path + "list_of_lon",
                $"There are {lat} latitude columns and {lon} longitude columns.",
                "stops here: TypeError: list_of_lat and list_of_lon must have the same length.", "Give both lists the same length.");
    }
}
