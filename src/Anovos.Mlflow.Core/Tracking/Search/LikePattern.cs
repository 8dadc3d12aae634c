namespace Anovos.Mlflow.Tracking;

/// <summary>SQL's LIKE: <c>%</c> matches any text and <c>_</c> any one character. Other characters can be used for these two.</summary>
internal sealed class LikePattern(string pattern, bool ignoreCase, char any = '%', char one = '_')
{
    /// <summary>Whether the pattern matches the whole text. Takes at most (text × pattern) steps.</summary>
    public bool Matches(string text)
    {
        int at = 0, want = 0;
        int percent = -1, resume = 0;
        while (at < text.Length)
        {
            if (want < pattern.Length && pattern[want] == any)
            {
                percent = want++;
                resume = at;
            }
            else if (want < pattern.Length && (pattern[want] == one || Same(pattern[want], text[at])))
            {
                want++;
                at++;
            }
            else if (percent >= 0)
            {
                // Only the last % ever needs to take one more character: earlier ones are settled.
                want = percent + 1;
                at = ++resume;
            }
            else
                return false;
        }

        return pattern.AsSpan(want).Trim(any).IsEmpty;
    }

    private bool Same(char a, char b) => a == b || (ignoreCase && char.ToUpperInvariant(a) == char.ToUpperInvariant(b));
}
