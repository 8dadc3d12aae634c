using Anovos.Mlflow.Yaml;

namespace Anovos.Mlflow.Tests.Checks;

/// <summary>A workflow with one misspelled key or one wrong value.</summary>
/// <param name="Path">The key, dotted.</param>
/// <param name="Kind">Whether its name or its value was changed.</param>
/// <param name="Yaml">The text.</param>
internal sealed record Mutation(string Path, string Kind, string Yaml)
{
    // Skip keys where any value is valid to Anovos and the check: free names, and places to write to.
    private static readonly string[] Free =
    [
        "dataset1", "dataset2", "experiment", "tracking_uri", "postfix", "file_path.value", "output_path", "model_path", "source_path",
            "appended_metric_path",
        "final_report_path", "country_shapefile_path", "eps", "min_samples", "monotonicity_check", "dataDict_path", "metricDict_path",
            "list_of_newcols",
    ];

    /// <summary>Whether the changed file has the same meaning, or another valid meaning.</summary>
    public bool IsEqual =>
        Kind == "key" && (Free.Contains(Name) || Path.Count(c => c == '.') == 1 && Path.StartsWith("transformers.",
            StringComparison.Ordinal))
        || Kind == "value" && (Free.Contains(Name) || (Name is "file_path" && Path.StartsWith("write_", StringComparison.Ordinal))
            || Path is "cat_to_num_transformer.drop_cols" || IsOfBasicReport || (Name is "id_col" or "label_col"
                && Path.StartsWith("report_generation", StringComparison.Ordinal)));

    // The basic report is off in the files.
    private bool IsOfBasicReport => Path.StartsWith("anovos_basic_report.report_args.", StringComparison.Ordinal);

    private string Name => Path.Split('.')[^1];

    /// <summary>Returns a mutation for every misspelled key and every wrong value.</summary>
    public static IReadOnlyList<Mutation> All(string yaml)
    {
        string[] lines = yaml.Split('\n');
        var found = new List<Mutation>();
        Walk((YamlMapping)YamlReader.Read(yaml, default)!, "");
        return found;

        void Walk(YamlMapping mapping, string path)
        {
            foreach (YamlEntry entry in mapping.Entries)
            {
                string key = path + entry.Key.Text;
                found.Add(new Mutation(key, "key", Replace(entry.Key, Misspelt(entry.Key.Text))));
                if (entry.Value is YamlMapping inner)
                    Walk(inner, key + ".");
                YamlNode? value = entry.Value is YamlSequence list ? list.Items.FirstOrDefault() : entry.Value;
                if (value is YamlScalar { IsNull: false } scalar)
                    found.Add(new Mutation(key, "value", Replace(scalar, Spoilt(scalar))));
            }
        }

        string Replace(YamlScalar scalar, string text)
        {
            string line = lines[scalar.Position.Line - 1];
            int start = scalar.Position.Column - 1;
            int end = line[start] is '"' or '\'' ? line.IndexOf(line[start], start + 1) + 1 : start + scalar.Text.Length;
            string[] changed = [.. lines];
            changed[scalar.Position.Line - 1] = line[..start] + text + line[end..];
            return string.Join("\n", changed);
        }
    }

    private static string Misspelt(string name) => name.Length < 3 ? name + "x" : name.Remove(name.Length / 2, 1);

    private static string Spoilt(YamlScalar value) => value.Kind switch
    {
        YamlKind.Boolean => "maybe",
        YamlKind.Integer or YamlKind.Float => "'seven'",
        _ => $"'{Misspelt(value.Text)}'",
    };
}
