using System.Text;

namespace Anovos.Mlflow.TestServer;

/// <summary>An entry of a listing: an object, or a folder if there is no object.</summary>
internal sealed record CloudEntry(string Name, CloudObject? Object);

/// <summary>Lists stored objects in pages, as S3 and Azure both do.</summary>
internal static class CloudListing
{
    /// <summary>Returns a page and the token of the next one; null on the last page.</summary>
    public static (IReadOnlyList<CloudEntry> Page, string? Next) PageOf(
        SortedDictionary<string, CloudObject> objects, string? prefix, string? delimiter, string? token)
    {
        string after = token is null ? "" : Encoding.UTF8.GetString(Convert.FromHexString(token)), start = prefix ?? "";
        List<CloudEntry> page = [];
        foreach ((string key, CloudObject found) in objects.Where(item => item.Key.StartsWith(start, StringComparison.Ordinal)))
        {
            int cut = string.IsNullOrEmpty(delimiter) ? -1 : key.IndexOf(delimiter, start.Length, StringComparison.Ordinal);
            string name = cut < 0 ? key : key[..(cut + delimiter!.Length)];
            if (string.CompareOrdinal(name, after) <= 0 || (page.Count > 0 && page[^1].Name == name))
                continue;
            if (page.Count == FakeCloud.PageLength)
                return (page, Convert.ToHexString(Encoding.UTF8.GetBytes(page[^1].Name)));
            page.Add(new CloudEntry(name, cut < 0 ? found : null));
        }

        return (page, null);
    }
}
