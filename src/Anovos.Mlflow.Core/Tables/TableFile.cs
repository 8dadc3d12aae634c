using System.Text;

namespace Anovos.Mlflow.Tables;

/// <summary>Reads the rows of a table from a file: comma-separated values, or Parquet.</summary>
internal static class TableFile
{
#if NET
    /// <summary>True if this build reads Parquet.</summary>
    public const bool ReadsParquet = true;
#else
    /// <summary>True if this build reads Parquet.</summary>
    public const bool ReadsParquet = false;
#endif

    /// <summary>True if the name is one of a Parquet file.</summary>
    public static bool IsParquet(string path) => path.EndsWith(".parquet", StringComparison.OrdinalIgnoreCase);

    /// <summary>True if the name is one of a table.</summary>
    public static bool IsTable(string path) => IsParquet(path) || path.EndsWith(".csv", StringComparison.OrdinalIgnoreCase);

    /// <summary>The rows, the names of the columns first. A null is an empty text.</summary>
    /// <exception cref="IOException">It cannot be read; and <see cref="UnauthorizedAccessException"/>.</exception>
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
