using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace Anovos.Mlflow.TestServer;

/// <summary>Pages as MLflow splits them: the token is an offset in base64.</summary>
internal static class Paging
{
    public static (List<T> Items, string? NextToken) Cut<T>(IEnumerable<T> all, Message request, int defaultSize)
    {
        int offset = Offset(request.Text("page_token"));
        int size = request.Has("max_results") ? (int)request.Integer("max_results") : defaultSize;
        var rest = all.Skip(offset).Take(size + 1).ToList();
        return rest.Count > size ? (rest[..size], Token(offset + size)) : (rest, null);
    }

    private static string Token(int offset) => Convert.ToBase64String(Encoding.UTF8.GetBytes($"{{\"offset\": {offset}}}"));

    private static int Offset(string token)
    {
        if (token.Length == 0)
            return 0;
        try
        {
            var digits = Regex.Match(Encoding.UTF8.GetString(Convert.FromBase64String(token)), "[0-9]+");
            return int.Parse(digits.Value, CultureInfo.InvariantCulture);
        }
        catch (FormatException)
        {
            throw ApiException.Invalid("Invalid page token, could not base64-decode");
        }
    }
}
