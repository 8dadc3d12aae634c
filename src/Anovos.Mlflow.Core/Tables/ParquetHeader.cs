#if NET8_0_OR_GREATER
using Parquet;
#endif

namespace Anovos.Mlflow.Tables;

/// <summary>Reads the columns of a Parquet file from its footer. The library requires .NET 8.</summary>
internal static class ParquetHeader
{
#if NET8_0_OR_GREATER
    /// <summary>Whether this .NET can read Parquet.</summary>
    public static bool IsSupported => true;

    /// <summary>Returns the columns; null if the file is not Parquet.</summary>
    public static DataHeader? Read(Stream stream)
    {
        try
        {
            return ReadAsync(stream).GetAwaiter().GetResult();
        }
        catch (Exception exception) when (exception is IOException or ParquetException or NotSupportedException
            or InvalidOperationException or ArgumentException)
        {
            // A damaged file of somebody else is not an error of the workflow file.
            return null;
        }
    }

    private static async Task<DataHeader> ReadAsync(Stream stream)
    {
        ParquetReader reader = await ParquetReader.CreateAsync(stream, leaveStreamOpen: true).ConfigureAwait(false);
        await using (reader.ConfigureAwait(false))
            return new DataHeader([.. reader.Schema.Fields.Select(field => field.Name)]);
    }
#else
    /// <summary>Whether this .NET can read Parquet.</summary>
    public static bool IsSupported => false;

    /// <summary>Returns null.</summary>
    public static DataHeader? Read(Stream stream) => null;
#endif
}
