using System.Globalization;

namespace Anovos.Mlflow.Tracking;

/// <summary>Cuts what a search found into pages; the token is where the next one begins.</summary>
internal static class OffsetToken
{
    private const int MaxResults = 50_000;

    /// <summary>Where the page begins.</summary>
    /// <exception cref="MlflowException"><see cref="ErrorKind.InvalidValue"/> for a token that no page gave, or a page size out of range.</exception>
    public static int Offset(string? token, int maxResults)
    {
        if (maxResults is < 1 or > MaxResults)
            throw new MlflowException(ErrorKind.InvalidValue, $"A page has 1 to {MaxResults} results, not {maxResults}.");
        return (int)Number(token, int.MaxValue);
    }

    /// <summary>The number that a token is; 0 of the first page.</summary>
    /// <exception cref="MlflowException"><see cref="ErrorKind.InvalidValue"/> for a token that no page gave.</exception>
    public static long Number(string? token, long most = long.MaxValue)
    {
        if (token is null)
            return 0;
        return long.TryParse(token, NumberStyles.None, CultureInfo.InvariantCulture, out long number) && number <= most
            ? number
            : throw new MlflowException(ErrorKind.InvalidValue, $"'{token}' is not a page token of this store.") { Target = token };
    }

    /// <summary>The page that begins there, of items that were read from there on, one more than a page has where there are more.</summary>
    public static Page<T> FromOneMore<T>(IReadOnlyList<T> items, int offset, int maxResults) => items.Count > maxResults
        ? new Page<T>([.. items.Take(maxResults)], (offset + maxResults).ToString(CultureInfo.InvariantCulture))
        : new Page<T>(items, null);

    /// <summary>The page of the items that begins there.</summary>
    public static Page<T> Page<T>(IReadOnlyList<T> items, int offset, int maxResults)
    {
        int next = (int)Math.Min((long)offset + maxResults, items.Count);
        return new Page<T>([.. items.Skip(offset).Take(maxResults)], next < items.Count ? next.ToString(CultureInfo.InvariantCulture) : null);
    }
}
