using System.Text.RegularExpressions;

namespace Anovos.Mlflow.Checks;

/// <summary>Formats and types of Spark that the table does not list.</summary>
internal static class Formats
{
    // Of Spark itself, and of connectors that are often installed.
    private static readonly string[] Others =
    [
        "avro", "bigquery", "binaryFile", "cassandra", "com.databricks.spark.csv", "cosmos.oltp", "delta", "deltaSharing", "excel",
            "hive", "hudi",
        "iceberg", "image", "jdbc", "libsvm", "mongo", "mongodb", "redis", "redshift", "snowflake", "sqlserver", "xml",
    ];

    /// <summary>Whether Spark may have the format: a known one, or the full name of a class.</summary>
    public static bool IsKnown(string format) => format.IndexOf('.') > 0 || Others.Contains(format, StringComparer.OrdinalIgnoreCase);

    /// <summary>Whether it is a type of Spark SQL with parameters, as <c>decimal(10,2)</c>.</summary>
    public static bool IsTypeWithParameters(string type) =>
        Regex.IsMatch(type,
            @"^(?:(?:decimal|dec|numeric)\s*\(\s*\d+\s*(?:,\s*\d+\s*)?\)|(?:var)?char\s*\(\s*\d+\s*\)"
                + @"|(?:array|map|struct)\s*<.+>|interval\b.*)\z",
            RegexOptions.IgnoreCase | RegexOptions.CultureInvariant);
}
