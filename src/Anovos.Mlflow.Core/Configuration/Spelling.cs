namespace Anovos.Mlflow.Configuration;

/// <summary>Finds the word that a mistyped one is probably meant to be.</summary>
internal static class Spelling
{
    private const int MostEdits = 3;

    /// <summary>The nearest of the words; null when none is near.</summary>
    public static string? Nearest(string word, IEnumerable<string> words)
    {
        string plain = word.Replace('-', '_').ToLowerInvariant();
        return words
            .Where(candidate => Math.Abs(candidate.Length - plain.Length) <= MostEdits)
            .Select(candidate => (Word: candidate, Edits: Edits(plain, candidate)))
            .Where(pair => pair.Edits <= MostEdits)
            .OrderBy(pair => pair.Edits)
            .Select(pair => pair.Word)
            .FirstOrDefault();
    }

    /// <summary>How many letters must be added, removed or changed to make one word of the other.</summary>
    private static int Edits(string from, string to)
    {
        var row = Enumerable.Range(0, to.Length + 1).ToArray();
        for (int i = 1; i <= from.Length; i++)
        {
            int diagonal = row[0];
            row[0] = i;
            for (int j = 1; j <= to.Length; j++)
            {
                int changed = diagonal + (from[i - 1] == to[j - 1] ? 0 : 1);
                diagonal = row[j];
                row[j] = Math.Min(changed, Math.Min(row[j], row[j - 1]) + 1);
            }
        }

        return row[to.Length];
    }
}
