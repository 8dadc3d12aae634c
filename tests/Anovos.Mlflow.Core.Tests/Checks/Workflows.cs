using System.Text;
using Anovos.Mlflow.Checks;
using Anovos.Mlflow.Configuration;

namespace Anovos.Mlflow.Tests.Checks;

/// <summary>Sound workflows, and the checker's findings about others.</summary>
internal static class Workflows
{
    /// <summary>A small workflow.</summary>
    public const string Small = """
        input_dataset:
          read_dataset:
            file_path: data/customers/csv
            file_type: csv
            file_configs: {header: True, delimiter: ',', inferSchema: True}
          delete_column: [notes]
          rename_column:
            list_of_cols: [post-code]
            list_of_newcols: [post_code]
          recast_column:
            list_of_cols: [age]
            list_of_dtypes: [float]
        stats_generator:
          metric: [global_summary]
          metric_args:
            list_of_cols: all
            drop_cols: [id]
        quality_checker:
          nullRows_detection:
            list_of_cols: all
            drop_cols: []
            treatment: True
            treatment_threshold: 0.75
        transformers:
          numerical_binning:
            attribute_binning:
              list_of_cols: age|income
              drop_cols: []
              method_type: equal_frequency
              bin_size: 10
              bin_dtype: numerical
        write_intermediate:
          file_path: intermediate_data
          file_type: csv
          file_configs: {mode: overwrite, header: True, delimiter: ',', inferSchema: True}
        write_main:
          file_path: output
          file_type: parquet
          file_configs: {mode: overwrite}
        write_stats:
          file_path: stats
          file_type: parquet
          file_configs: {mode: overwrite}

        """;

    /// <summary>The large workflow in this folder, with every block and most steps.</summary>
    public static string Full { get; } = File.ReadAllText(Path.Combine(Folder, "full.yaml"));

    /// <summary>This folder.</summary>
    public static string Folder => Path.Combine(Tracking.SharedMaterial.Repository()!, "tests", "Anovos.Mlflow.Core.Tests", "Checks",
        "Workflows");

    /// <summary>The findings about a workflow.</summary>
    public static IReadOnlyList<ConfigDiagnostic> Check(string yaml, WorkflowCheckOptions? options = null) =>
        WorkflowCheck.Run(Encoding.UTF8.GetBytes(yaml), "workflow.yaml", options ?? new WorkflowCheckOptions());

    /// <summary>The small workflow with a replaced text, or with text appended.</summary>
    public static string With(string old, string text)
    {
        if (old.Length == 0)
            return Small + text + "\n";
        Assert.Contains(old, Small);
        return Small.Replace(old, text);
    }

    /// <summary>The findings as short texts: severity, rule and key.</summary>
    public static string[] Short(IEnumerable<ConfigDiagnostic> found) => [.. found.Select(item =>
        $"{item.Severity.ToString()[0]} {item.Rule} {item.Key}")];

    /// <summary>The findings that a user must look at.</summary>
    public static string[] Alarms(string yaml) =>
        [.. Check(yaml).Where(item => item.Severity != DiagnosticSeverity.Information).Select(item => $"{item.Line}: {item.Rule} {item}")];
}
