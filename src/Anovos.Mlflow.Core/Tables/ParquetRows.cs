#if NET
using System.Globalization;
using System.Text;
using Parquet;
using Parquet.Serialization;

namespace Anovos.Mlflow.Tables;

/// <summary>Reads the rows of a Parquet file as strings, in the form in which Spark writes them to CSV.</summary>
internal static class ParquetRows
{
    // A few bytes can encode millions of equal rows. No table of statistics has that many.
    private const long MostCells = 5_000_000;

    /// <summary>Returns the rows, starting with the names of the columns.</summary>
    /// <exception cref="IOException">The file is not a Parquet file, or is too large.</exception>
    public static IReadOnlyList<IReadOnlyList<string>> Read(Stream stream, CancellationToken cancellationToken) =>
        Task.Run(() => ReadAsync(stream, cancellationToken), cancellationToken).GetAwaiter().GetResult();

    private static async Task<IReadOnlyList<IReadOnlyList<string>>> ReadAsync(Stream stream, CancellationToken cancellationToken)
    {
        try
        {
            string[] columns;
            ParquetReader reader = await ParquetReader.CreateAsync(stream, leaveStreamOpen: true, cancellationToken: cancellationToken)
                .ConfigureAwait(false);
            await using (reader.ConfigureAwait(false))
            {
                columns = [.. reader.Schema.Fields.Select(field => field.Name)];
                if ((reader.Metadata?.NumRows ?? 0) * Math.Max(1L, columns.Length) > MostCells)
                    throw new IOException($"It has more than {MostCells} values.");
            }

            stream.Position = 0;
            var rows = await ParquetSerializer.DeserializeUntypedAsync(stream, cancellationToken: cancellationToken).ConfigureAwait(false);
            return [columns, .. rows.Data.Select(row =>
                columns.Select(name => row.TryGetValue(name, out object? value) ? ToText(value) : "").ToArray())];
        }
        catch (Exception e) when (e is not (IOException or OperationCanceledException or OutOfMemoryException))
        {
            // The library throws exceptions of many types if the bytes are invalid.
            throw new IOException($"It is not a readable Parquet file: {e.Message}", e);
        }
    }

    private static string ToText(object? value) => value switch
    {
        null => "",
        byte[] bytes => Encoding.UTF8.GetString(bytes),
        bool truth => truth ? "true" : "false",
        IFormattable number => number.ToString(null, CultureInfo.InvariantCulture),
        _ => value.ToString() ?? "",
    };
}
#endif
