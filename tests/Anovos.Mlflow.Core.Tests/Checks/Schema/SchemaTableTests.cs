using System.Text.RegularExpressions;
using Anovos.Mlflow.Checks;
using Anovos.Mlflow.Configuration;
using Anovos.Mlflow.Tests.Tracking;

namespace Anovos.Mlflow.Tests.Checks;

/// <summary>Compares which findings of the checker the schema finds too with the documentation.</summary>
public sealed class SchemaTableTests(ITestOutputHelper output) : IDisposable
{
    // Only Windows PowerShell cannot read Parquet.
    private const string NotHere = "data-unread";

    private const string Nulls =
        "nullRows_detection:\n    list_of_cols: all\n    drop_cols: []\n    treatment: True\n    treatment_threshold: 0.75";

    // Rules without an example in the small mistakes of RuleTests, or only with examples that need no other key.
    private static readonly (string Rule, string Yaml)[] More =
    [
        ("yaml", "input_dataset: {read_dataset: [}"),
        ("file-empty", ""),
        ("file-not-mapping", "- input_dataset"),
        ("secret", With("drop_cols: [id]", "drop_cols: [id]\nx-lake: {password: abc}")),
        ("setting-too-long", With("", $"x-notes: {{{new string('a', 300)}: 1}}")),
        ("key-missing", With("", "timeseries_analyzer: {auto_detection: True, inspection: True, max_days: 9, analysis_level: daily}")),
        ("key-set-by-workflow", With(Nulls, "biasedness_detection: {treatment: False, stats_mode: {}}")),
        ("value-range", With("0.75", "'7'")),
        ("path-invalid", With("file_path: output", "file_path: \"out\\0put\"")),
        ("default-differs", With(Nulls, "biasedness_detection: {treatment: True}")),
        ("value-ignored", With(Nulls, "nullColumns_detection: {treatment: True, treatment_method: KNN}")),
        ("statistic-late", With("stats_generator:\n  metric: [global_summary]", "association_evaluator: "
            + "{variable_clustering: {list_of_cols: all}}\nstats_generator:\n  metric: [measures_of_centralTendency]")),
        ("tracking-key-missing", With("", "mlflow: {experiment: a, tracking_uri: b, track_reports: True, track_intermediates: True}")),
        ("tracking-key-missing", With("", "mlflow: {experiment: ' ', tracking_uri: b, track_output: True, track_reports: True, "
            + "track_intermediates: True}")),
        ("tracking-idle", With("write_main:", "mlflow: {experiment: a, tracking_uri: b, track_output: True, track_reports: False, "
            + "track_intermediates: True}\nx-main:")),
        ("tracking-crash", With("", "report_preprocessing: {master_path: a}\n"
            + "mlflow: {experiment: a, tracking_uri: a, track_output: True, track_reports: True, track_intermediates: True}")),
        ("column-unknown", With("age|income", "agee|income")),
        ("column-ignored", With("drop_cols: [id]", "drop_cols: [idd]")),
        ("column-twice", With("stats_generator:", "join_dataset: {join_cols: id, join_type: inner, more: {read_dataset: "
            + "{file_path: data/customers/csv, file_type: csv, file_configs: {header: True}}}}\nstats_generator:")),
        ("data-missing", With("data/customers/csv", "data/custmers/csv")),
    ];

    private readonly TemporaryFolder _folder = new();

    [Fact]
    public void The_page_of_the_rules_says_which_of_them_an_editor_finds()
    {
        WriteData();
        ILookup<string, bool> found = Examples().ToLookup(example => example.Rule, example => SchemaCheck.Alarms(example.Yaml).Length > 0);
        (string Rule, string Mark)[] listed =
        [
            .. from row in Rows("checks.md")
               from Match rule in Regex.Matches(row[0], "`([^`]+)`")
               select (rule.Groups[1].Value, row[2]),
        ];
        Assert.Equal(listed.Select(row => (row.Rule, Mark(found, row.Rule))), listed);
    }

    [Fact]
    public void The_page_of_editors_says_who_finds_each_mistake_that_the_real_Anovos_was_run_with()
    {
        string folder = SharedMistakesTests.Folder("mistakes");
        string[] names = [.. Directory.GetFiles(folder, "*.yaml").Select(Path.GetFileNameWithoutExtension).Order(StringComparer.Ordinal)!];
        string[][] rows = [.. Rows("editors.md").Where(row => row[0].Length > 3 && char.IsAsciiDigit(row[0][1]))];
        Assert.Equal(names.Select(name => name[..2]), rows.Select(row => row[0].Trim('`')));
        Assert.Equal(names.Select(name => $"{name}: {Found(Path.Combine(folder, name + ".yaml"))}"),
            names.Zip(rows, (name, row) => $"{name}: {row[2]} | {row[3]}"));
    }

    [Fact]
    public void Whatever_the_schema_refuses_the_checker_finds()
    {
        List<string> alone = [];
        int refused = 0;
        foreach (Mutation mutation in Mutation.All(Workflows.Full).Where(mutation => SchemaCheck.Alarms(mutation.Yaml).Length > 0))
        {
            refused++;
            if (Workflows.Check(mutation.Yaml, new WorkflowCheckOptions { RunType = "local" }).Count == 0)
                alone.Add($"{mutation.Path} ({mutation.Kind})");
        }

        output.WriteLine($"The schema refuses {refused} mutations, {alone.Count} of which the checker does not find.");
        Assert.True(refused >= 200, $"{refused} are refused");
        Assert.Equal([], alone);
        Assert.Equal([], RuleTests.Sound().Where(yaml => SchemaCheck.Alarms(yaml).Length > 0));
    }

    public void Dispose() => _folder.Dispose();

    private static string Mark(ILookup<string, bool> found, string rule)
    {
        if (rule == NotHere)
            return "no";
        Assert.True(found[rule].Any(), $"There is no example of '{rule}'.");
        return found[rule].All(one => one) ? "yes" : found[rule].Any(one => one) ? "some" : "no";
    }

    private static string Found(string file)
    {
        string real = SharedMistakesTests.Folder("real");
        var withData = new WorkflowCheckOptions { BasePath = Path.Combine(real, "_input"), ReadsData = true };
        string schema = SchemaCheck.Alarms(File.ReadAllText(file)).Length > 0 ? "yes" : "–";
        string? alone = Weightiest(file, new WorkflowCheckOptions());
        string? read = Weightiest(file, withData);
        return $"{schema} | {alone ?? (read is null ? "–" : $"{read}, with `-BasePath`")}";
    }

    private static string? Weightiest(string file, WorkflowCheckOptions options) =>
        WorkflowCheck.Run(file, options).OrderByDescending(item => item.Severity).FirstOrDefault()?.Severity.ToString().ToLowerInvariant();

    // The cells of the rows that begin with code.
    private static string[][] Rows(string page)
    {
        string[] lines = File.ReadAllLines(Path.Combine(SharedMaterial.Repository()!, "docs", page));
        return [.. lines.Where(line => line.StartsWith("| `", StringComparison.Ordinal))
            .Select(line => line.Trim('|', ' ').Split('|').Select(cell => cell.Trim()).ToArray())];
    }

    // Each with the checker's rule for it. Examples that show two mistakes are left out.
    private IEnumerable<(string Rule, string Yaml)> Examples()
    {
        foreach ((string old, string text, string findings) in RuleTests.Faults.Select(row => row.Data))
        {
            string[] rules = [.. Regex.Matches(findings, @"(?:^|\|)[EWI] (\S+)").Cast<Match>().Select(match => match.Groups[1].Value).Distinct()];
            if (rules.Length == 1)
                yield return (rules[0], With(old.Replace("\r", ""), text));
        }

        var options = new WorkflowCheckOptions { BasePath = _folder.FullPath, ReadsData = true };
        foreach ((string rule, string yaml) in More)
        {
            Assert.Contains(rule, Workflows.Check(yaml, options).Select(item => item.Rule));
            yield return (rule, yaml);
        }
    }

    private static string With(string old, string text) => Workflows.With(old, text);

    private void WriteData()
    {
        string data = Path.Combine(_folder.FullPath, "data", "customers", "csv");
        Directory.CreateDirectory(data);
        File.WriteAllText(Path.Combine(data, "part-0.csv"), "id,age,income,post-code,notes\n1,2,3,4,5\n");
    }
}
