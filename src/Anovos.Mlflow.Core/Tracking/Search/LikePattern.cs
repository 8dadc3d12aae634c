namespace Anovos.Mlflow.Tracking;

/// <summary>SQL's LIKE: <c>%</c> stands for any text, <c>_</c> for any one character, or what is given for them.</summary>
internal sealed class LikePattern(string pattern, bool ignoreCase, char any = '%', char one = '_')
{
    /// <summary>Whether the whole text fits. Takes at most (text × pattern) steps.</summary>
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
                // Only the last % need ever take one character more: what an earlier one took is settled.
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
