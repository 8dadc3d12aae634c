namespace Anovos.Mlflow.Configuration;

/// <summary>Finds the word that a mistyped one is probably meant to be.</summary>
internal static class Spelling
{
    // Half of a short word's letters make another word of it.
    private static int MostEdits(string word) => word.Length <= 4 ? 1 : word.Length <= 7 ? 2 : 3;

    /// <summary>The nearest of the words; null when none is near.</summary>
    public static string? Nearest(string word, IEnumerable<string> words)
    {
        string plain = word.Replace('-', '_').ToLowerInvariant();
        int most = MostEdits(plain);
        return words
            .Where(candidate => Math.Abs(candidate.Length - plain.Length) <= most)
            .Select(candidate => (Word: candidate, Edits: Edits(plain, candidate.ToLowerInvariant())))
            .Where(pair => pair.Edits <= most)
            .OrderBy(pair => pair.Edits)
            .Select(pair => pair.Word)
            .FirstOrDefault() ?? Longer(plain, words);
    }

    /// <summary>The only word that begins like a word that was cut off; null when there is none.</summary>
    private static string? Longer(string plain, IEnumerable<string> words) => plain.Length < 4 ? null
        : words.Where(word => word.ToLowerInvariant().StartsWith(plain,
            StringComparison.Ordinal)).Take(2).ToArray() is [var only] ? only : null;

    /// <summary>How many letters must be added, removed, changed or swapped with the next to make one word of the other.</summary>
    private static int Edits(string from, string to)
    {
        var edits = new int[from.Length + 1, to.Length + 1];
        for (int i = 0; i <= from.Length; i++)
        {
            for (int j = 0; j <= to.Length; j++)
            {
                if (i == 0 || j == 0)
                {
                    edits[i, j] = i + j;
                    continue;
                }

                int changed = edits[i - 1, j - 1] + (from[i - 1] == to[j - 1] ? 0 : 1);
                edits[i, j] = Math.Min(changed, Math.Min(edits[i - 1, j], edits[i, j - 1]) + 1);
                if (i > 1 && j > 1 && from[i - 1] == to[j - 2] && from[i - 2] == to[j - 1])
                    edits[i, j] = Math.Min(edits[i, j], edits[i - 2, j - 2] + 1);
            }
        }

        return edits[from.Length, to.Length];
    }
}
