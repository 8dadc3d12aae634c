namespace Anovos.Mlflow.Tests.Checks;

/// <summary>Tests the schema in the language server of VS Code's YAML extension.</summary>
public sealed class LanguageServerTests(LanguageServer server) : IClassFixture<LanguageServer>
{
    /// <summary>The text before the cursor, and the completions there.</summary>
    public static TheoryData<string, string> Places => new()
    {
        { "", "input_dataset … stats_generator … mlflow" },
        { "input_dataset:\n  ", "read_dataset … delete_column … recast_column" },
        { "concatenate_dataset:\n  more:\n    read_dataset:\n      file_type: ", "csv parquet json orc text avro delta" },
        { "quality_checker:\n  nullRows_detection:\n    ", "list_of_cols drop_cols treatment treatment_threshold" },
        { "quality_checker:\n  nullRows_detection:\n    treatment: ", "false true" },
        { "quality_checker:\n  outlier_detection:\n    detection_side: ", "upper lower both" },
        { "quality_checker:\n  duplicate_detection:\n    list_of_cols: ", "all" },
        { "stats_generator:\n  metric:\n    - ", "global_summary … measures_of_counts … measures_of_shape" },
        { "transformers:\n  mine:\n    ", "attribute_binning … z_standardization … expression_parser" },
        { "drift_detector:\n  drift_statistics:\n    configs:\n      method_type: ", "PSI JSD HD KS all" },
        { "write_main:\n  file_configs:\n    mode: ", "error … overwrite … append" },
    };

    [Theory]
    [MemberData(nameof(Places))]
    public async Task What_can_stand_in_a_place_is_offered(string before, string expected)
    {
        await server.StartAsync();
        string[] offered = await server.CompleteAsync(before), names = [.. expected.Split(' ').Where(name => name != "…")];
        Assert.Equal(names, expected.Contains('…') ? names.Where(offered.Contains) : offered);
        Assert.DoesNotContain("print_impact", offered);
        Assert.DoesNotContain("monotonic_binning", offered);
    }

    [Theory]
    [InlineData("quality_checker:\n  nullRows_detection:\n    treatment_threshold: 0.8", "The lowest share at which the step treats a row")]
    [InlineData("transformers:\n  mine:\n    attribute_binning:\n      bin_size: 3", "The number of bins")]
    public async Task What_a_key_is_for_is_shown(string yaml, string expected)
    {
        await server.StartAsync();
        Assert.Contains(expected, await server.HoverAsync(yaml));
    }

    [Fact]
    public async Task Mistakes_are_underlined_in_their_place()
    {
        await server.StartAsync();
        string[][] found = await server.CheckAsync(
            Workflows.With("stats_generator:", "stats_genrator:"),
            Workflows.With("treatment_threshold", "treatment_treshold"),
            Workflows.With("treatment: True", "treatment: yes please"),
            Workflows.With("0.75", "7"),
            Workflows.With("equal_frequency", "equal_freq"),
            Workflows.With("[global_summary]", "[global_sumary]"),
            Workflows.With("attribute_binning:", "monotonic_binning:"),
            Workflows.With("bin_size: 10", "label_col: y\n      print_impact: True"));
        Assert.Equal(
            [
                "13: stats_genrator: Property stats_genrator is not allowed.",
                "23: treatment_treshold: Property treatment_treshold is not allowed.",
                "22: yes please: Write True or False.",
                "23: 7: Value is above the maximum of 1.",
                "29: equal_freq: Value is not accepted. Valid values: \"equal_frequency\", \"equal_range\".",
            ],
            found.Take(5).Select(Assert.Single));
        Assert.StartsWith("14: global_sumary: Value is not accepted.", Assert.Single(found[5]));
        Assert.Contains("Incorrect type. Expected \"null\".", Assert.Single(found[6]));
        Assert.Equal(["30: label_col: Property label_col is not allowed.", "31: print_impact: Property print_impact is not allowed."],
            found[7].Order());
    }

    [Fact]
    public async Task Sound_files_have_no_mark()
    {
        await server.StartAsync();
        string[] files = [.. Enumerable.Range(0, 50).Select(SoundFileTests.File), Workflows.Small, Workflows.Full];
        string[][] found = await server.CheckAsync(files);
        Assert.Equal([], found.SelectMany(marks => marks));
    }

    [Theory]
    [InlineData("customers")]
    [InlineData("income")]
    public async Task The_first_line_of_a_sample_leads_to_the_schema(string sample)
    {
        await server.StartAsync();
        string folder = Path.Combine(Tracking.SharedMaterial.Repository()!, "samples", sample);
        string yaml = File.ReadAllText(Path.Combine(folder, "config.yaml")).Replace("\r", "");

        // There are no settings for this extension.
        Assert.Empty(await server.CheckAsync(yaml, Path.Combine(folder, "sound.yml")));
        string[] marks = await server.CheckAsync(yaml + "notes: {}\n", Path.Combine(folder, "wrong.yml"));
        Assert.EndsWith("Property notes is not allowed.", Assert.Single(marks));
    }

    [Fact]
    public async Task A_file_of_rules_names_its_own_schema()
    {
        await server.StartAsync();
        string schema = new Uri(Path.Combine(Path.GetDirectoryName(SchemaCheck.Path)!, "anovos-gate.schema.json")).AbsoluteUri;
        string gate = $"# yaml-language-server: $schema={schema}\n"
            + "metrics:\n  rmse: { max: median:5, tolerance: 5% }\nmaxDuration: 01:30:00\nrequiredSteps: [drift_detector]\n";
        string[][] found = await server.CheckAsync(gate, gate.Replace("tolerance", "slack"), gate + "maxDrift: 1\n", gate + "maxDrifted: -1\n");
        Assert.Equal(
            ["", "3: slack: Property slack is not allowed.", "6: maxDrift: Property maxDrift is not allowed.",
                "6: -1: Value is below the minimum of 0."],
            found.Select(marks => marks.LastOrDefault() ?? ""));
        Assert.Equal(["maxDrifted", "maxUnstable", "requiredArtifacts"], (await server.CompleteAsync(gate)).Order());
        string rule = $"{gate.Split('\n')[0]}\nmetrics:\n  rmse:\n    max: 1\n    tolerance: 1%\n    ";
        Assert.Equal(["allowMissing", "min"], (await server.CompleteAsync(rule)).Order());
    }

    [Fact]
    public async Task Columns_may_have_the_names_y_and_n()
    {
        await server.StartAsync();
        string yaml = Workflows.With("age|income", "[y, n]") + "report_generation: {master_path: a, label_col: y, id_col: n}\n";
        string[][] found = await server.CheckAsync(yaml);
        Assert.Equal([], found.Single());
    }

    [Fact]
    public async Task Files_that_the_real_Anovos_was_run_with_are_marked_as_the_schema_says()
    {
        string[] files =
        [
            .. SharedMistakesTests.EndedWell(), .. Directory.GetFiles(SharedMistakesTests.Folder("configs"), "*.yaml"),
            .. Directory.GetFiles(SharedMistakesTests.Folder("mistakes"), "*.yaml"),
        ];
        string[] texts = [.. files.Select(File.ReadAllText)];
        await server.StartAsync();
        string[][] found = await server.CheckAsync(texts);
        Assert.Equal(files.Zip(texts, (file, text) => $"{file}: {SchemaCheck.Alarms(text).Length > 0}"),
            files.Zip(found, (file, marks) => $"{file}: {marks.Length > 0}"));
    }
}
