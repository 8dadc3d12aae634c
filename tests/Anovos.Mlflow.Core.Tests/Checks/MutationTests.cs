using Anovos.Mlflow.Checks;
using Anovos.Mlflow.Configuration;
using Anovos.Mlflow.Tests.Tracking;

namespace Anovos.Mlflow.Tests.Checks;

/// <summary>Counts how many mistakes the checker finds in sound files with one mistake each.</summary>
public sealed class MutationTests(ITestOutputHelper output) : IDisposable
{
    // Mistakes that need the values in the data, or Spark, and columns after a step that adds its own columns.
    private static readonly string[] Unseen =
    [
        "event_label", "country", "invalid_entries", "list_of_expr", "id_col", "label_col", "result_prefix_geo", "result_prefix_lat_lon",
            "list_of_lat", "list_of_lon",
        "track_intermediates", "delimiter", "cat_to_num_unsupervised.list_of_cols", "cat_to_num_unsupervised.drop_cols",
            "PCA_latentFeatures.list_of_cols",
    ];

    private readonly TemporaryFolder _folder = new();

    [Fact]
    public void Mistakes_are_found_unless_the_file_stays_sound_or_only_the_data_can_tell()
    {
        WriteData();
        var options = new WorkflowCheckOptions { BasePath = _folder.FullPath, ReadsData = true, RunType = "local" };
        int found = 0, equal = 0;
        List<string> missed = [], wrong = [];
        foreach (string yaml in new[] { Workflows.Small, Workflows.Full })
        {
            HashSet<string> before = [.. Workflows.Check(yaml, options).Select(Text)];
            Assert.Equal([], before);
            foreach (Mutation mutation in Mutation.All(yaml))
            {
                bool isFound = Workflows.Check(mutation.Yaml, options).Any(item => !before.Contains(Text(item)));
                if (isFound)
                    found++;
                else if (mutation.IsEqual)
                    equal++;
                else
                    missed.Add($"{mutation.Path} ({mutation.Kind})");
                if (!isFound && !mutation.IsEqual && !(mutation.Kind == "value" && Unseen.Any(end => mutation.Path.EndsWith("." + end,
                    StringComparison.Ordinal))))
                    wrong.Add($"{mutation.Path} ({mutation.Kind})");
            }
        }

        output.WriteLine($"{found + equal + missed.Count} mutations: {found} found, {equal} equal in meaning, {missed.Count} "
            + $"missed: {string.Join(", ", missed)}");
        Assert.True(found >= 200, $"{found} were found");
        Assert.Equal([], wrong);
    }

    public void Dispose() => _folder.Dispose();

    private static string Text(ConfigDiagnostic item) => $"{item.Rule} {item.Key} {item.Message}";

    private void WriteData()
    {
        const string Header = "id,age,income,churn,since,lat,lon,notes,post-code,house-no\n1,38,100,no,2020-01-01,52.5,13.4,,10115,1\n";
        Write("data/customers/csv/part-0.csv", Header);
        Write("data/customers/more/part-0.csv", Header);
        Write("data/customers/last_year/part-0.csv", Header);
        Write("data/orders/csv/part-0.csv", "id;total\n1;358.37\n");
    }

    private void Write(string name, string text)
    {
        string path = Path.Combine(_folder.FullPath, name);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllText(path, text);
    }
}
