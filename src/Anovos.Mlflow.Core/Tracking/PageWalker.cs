namespace Anovos.Mlflow.Tracking;

/// <summary>Follows a search from page to page, and stops if a server returns pages in a loop.</summary>
public sealed class PageWalker
{
    private const int EmptyPages = 100;

    private readonly HashSet<string> _seen = new(StringComparer.Ordinal);
    private int _empty;

    /// <summary>Returns all results of a search.</summary>
    /// <param name="search">Requests the page of a token; null requests the first page.</param>
    /// <exception cref="MlflowException">The errors of <see cref="After"/> and of the search.</exception>
    public static async Task<List<T>> ReadAllAsync<T>(Func<string?, Task<Page<T>>> search)
    {
        List<T> items = [];
        var tokens = new PageWalker();
        string? pageToken = null;
        do
        {
            Page<T> page = await search(pageToken).ConfigureAwait(false);
            items.AddRange(page.Items);
            pageToken = tokens.After(page);
        }
        while (pageToken is not null);
        return items;
    }

    /// <summary>Returns the token of the page after this one; null after the last page.</summary>
    /// <exception cref="MlflowException">
    /// <see cref="ErrorKind.ServerError"/> if a page token repeats, or if too many empty pages follow each other.
    /// </exception>
    public string? After<T>(Page<T> page)
    {
        if (page.NextPageToken is not { } token)
            return null;
        _empty = page.Items.Count == 0 ? _empty + 1 : 0;
        return _seen.Add(token) && _empty < EmptyPages
            ? token
            : throw new MlflowException(ErrorKind.ServerError, $"The server returns the pages of a search in a loop: after {_seen.Count} pages it {(_empty < EmptyPages ? $"returned the page token '{token}' again" : "still returned no items")}. The results so far may be incomplete.");
    }
}
