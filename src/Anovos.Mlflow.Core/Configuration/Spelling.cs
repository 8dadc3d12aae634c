namespace Anovos.Mlflow.Configuration;

/// <summary>Finds the word that a mistyped word probably stands for.</summary>
internal static class Spelling
{
    // Changing half of the letters in a short word gives a different word.
    private static int MostEdits(string word) => word.Length <= 4 ? 1 : word.Length <= 7 ? 2 : 3;

    /// <summary>Returns the most similar word; null if no word is similar.</summary>
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

    /// <summary>Returns the only word that begins with an incomplete word; null if there is none or more than one.</summary>
    private static string? Longer(string plain, IEnumerable<string> words) => plain.Length < 4 ? null
        : words.Where(word => word.ToLowerInvariant().StartsWith(plain,
            StringComparison.Ordinal)).Take(2).ToArray() is [var only] ? only : null;

    /// <summary>Counts the letters to add, remove, change or swap with the next letter to turn one word into the other.</summary>
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
