using System.Globalization;

namespace Anovos.Mlflow.Tracking;

/// <summary>Splits search results into pages. The token is the offset of the next page.</summary>
internal static class OffsetToken
{
    private const int MaxResults = 50_000;

    /// <summary>Returns the offset of the page.</summary>
    /// <exception cref="MlflowException"><see cref="ErrorKind.InvalidValue"/> for an invalid token or a page size out of range.</exception>
    public static int Offset(string? token, int maxResults)
    {
        if (maxResults is < 1 or > MaxResults)
            throw new MlflowException(ErrorKind.InvalidValue, $"A page has 1 to {MaxResults} results, not {maxResults}.");
        return (int)Number(token, int.MaxValue);
    }

    /// <summary>Returns the number in a token; 0 without a token, for the first page.</summary>
    /// <exception cref="MlflowException"><see cref="ErrorKind.InvalidValue"/> for an invalid token.</exception>
    public static long Number(string? token, long most = long.MaxValue)
    {
        if (token is null)
            return 0;
        return long.TryParse(token, NumberStyles.None, CultureInfo.InvariantCulture, out long number) && number <= most
            ? number
            : throw new MlflowException(ErrorKind.InvalidValue, $"'{token}' is not a page token of this store.") { Target = token };
    }

    /// <summary>
    /// Creates a page from items that were read starting at the offset. If there are more, they include one item beyond the page.
    /// </summary>
    public static Page<T> FromOneMore<T>(IReadOnlyList<T> items, int offset, int maxResults) => items.Count > maxResults
        ? new Page<T>([.. items.Take(maxResults)], (offset + maxResults).ToString(CultureInfo.InvariantCulture))
        : new Page<T>(items, null);

    /// <summary>Returns the page that begins at the offset, out of all items.</summary>
    public static Page<T> Page<T>(IReadOnlyList<T> items, int offset, int maxResults)
    {
        int next = (int)Math.Min((long)offset + maxResults, items.Count);
        return new Page<T>([.. items.Skip(offset).Take(maxResults)], next < items.Count ? next.ToString(CultureInfo.InvariantCulture) : null);
    }
}
