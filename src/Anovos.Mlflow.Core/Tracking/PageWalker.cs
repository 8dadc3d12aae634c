namespace Anovos.Mlflow.Tracking;

/// <summary>Follows a search from page to page, and not without end: a server may lead in a circle.</summary>
public sealed class PageWalker
{
    private const int EmptyPages = 100;

    private readonly HashSet<string> _seen = new(StringComparer.Ordinal);
    private int _empty;

    /// <summary>All that a search finds, page after page.</summary>
    /// <param name="search">Asks for the page of a token; of null, the first.</param>
    /// <exception cref="MlflowException">As <see cref="After"/> has it, or the search's own.</exception>
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

    /// <summary>The token to ask for after this page; null after the last.</summary>
    /// <exception cref="MlflowException"><see cref="ErrorKind.ServerError"/> for a token that was answered before, and for empty pages without end.</exception>
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
