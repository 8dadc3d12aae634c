using System.Text;

namespace Anovos.Mlflow.Tables;

/// <summary>Reads the rows of a table from a CSV or Parquet file.</summary>
internal static class TableFile
{
#if NET
    /// <summary>True if this build reads Parquet.</summary>
    public const bool ReadsParquet = true;
#else
    /// <summary>True if this build reads Parquet.</summary>
    public const bool ReadsParquet = false;
#endif

    /// <summary>Returns whether the name is that of a Parquet file.</summary>
    public static bool IsParquet(string path) => path.EndsWith(".parquet", StringComparison.OrdinalIgnoreCase);

    /// <summary>Returns whether the name is that of a table.</summary>
    public static bool IsTable(string path) => IsParquet(path) || path.EndsWith(".csv", StringComparison.OrdinalIgnoreCase);

    /// <summary>Returns the rows, starting with the names of the columns. A null becomes an empty string.</summary>
    /// <exception cref="IOException">The file cannot be read; or an <see cref="UnauthorizedAccessException"/>.</exception>
    public static IEnumerable<IReadOnlyList<string>> Rows(string path, CancellationToken cancellationToken)
    {
        using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        if (IsParquet(path))
        {
#if NET
            foreach (IReadOnlyList<string> row in ParquetRows.Read(stream, cancellationToken))
                yield return row;
#endif
            yield break;
        }

        using var text = new StreamReader(stream, Encoding.UTF8);
        foreach (IReadOnlyList<string> row in CsvText.Rows(text))
        {
            cancellationToken.ThrowIfCancellationRequested();
            yield return row;
        }
    }
}
