using System.Text.RegularExpressions;

namespace Anovos.Mlflow.TestServer;

/// <summary>MLflow's rules for keys and for the size of a batch.</summary>
internal static partial class LogRules
{
    public static void CheckCount(string what, int count, int limit)
    {
        if (count > limit)
        {
            throw ApiException.Invalid($"A batch logging request can contain at most {limit} {what}. Got {count} {what}. "
                + $"Please split up {what} across multiple requests and try again.");
        }
    }

    public static void CheckKeys(IReadOnlyList<Message> items, string what, string list, string field)
    {
        for (int i = 0; i < items.Count; i++)
            CheckKey(items[i].Text("key"), what, $"{list}[{i}].{field}");
    }

    public static void CheckKey(string key, string what, string field)
    {
        if (!KeyForm().IsMatch(key))
        {
            throw ApiException.Invalid($"Invalid value \"{key}\" for parameter '{field}' supplied: Names may only contain alphanumerics, "
                + "underscores (_), dashes (-), periods (.), spaces ( ), colon(:) and slashes (/).");
        }

        // The key may become a path, so normalizing it as a path must not change it.
        if (key.StartsWith("..", StringComparison.Ordinal) || key.Split('/').Any(segment => segment is "" or "." or ".."))
        {
            throw ApiException.Invalid($"Invalid value \"{key}\" for parameter '{field}' supplied: Names may be treated as files in certain "
                + $"cases, and must not resolve to other names when treated as such. This name would resolve to '{key}'");
        }

        if (key.Length > 250)
            throw ApiException.Invalid($"'{what}' exceeds the maximum length of 250 characters");
    }

    [GeneratedRegex(@"^[/\w.\- :]*\z")]
    private static partial Regex KeyForm();
}
