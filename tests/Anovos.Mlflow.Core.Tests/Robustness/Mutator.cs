namespace Anovos.Mlflow.Tests.Robustness;

/// <summary>Makes broken texts of good ones. What it makes follows from its seed alone.</summary>
internal sealed class Mutator(int seed, string[] words)
{
    private readonly Random _random = new(seed);

    /// <summary>One of the samples, changed at one to eight places.</summary>
    public string Next(string[] samples)
    {
        string text = samples[_random.Next(samples.Length)];
        for (int changes = _random.Next(1, 9); changes > 0; changes--)
            text = Change(text, samples);
        return text;
    }

    private string Change(string text, string[] samples)
    {
        (int at, int length) = Span(text);
        string word = words[_random.Next(words.Length)];
        return _random.Next(9) switch
        {
            0 => text.Remove(at, length),
            1 => text.Insert(at, word),
            2 => text.Remove(at, length).Insert(at, word),
            3 => text.Insert(at, text.Substring(at, length)),
            4 => text.Substring(0, at),
            5 => text.Insert(at, ((char)_random.Next(0x10000)).ToString()),
            6 => text.Insert(at, string.Concat(Enumerable.Repeat(word, _random.Next(2, 300)))),
            7 => text.Substring(0, at) + samples[_random.Next(samples.Length)] is var spliced && spliced.Length < 100_000 ? spliced : text,
            _ => Token(text, word),
        };
    }

    // In place of a whole value, so that what is around it stays in form.
    private string Token(string text, string word)
    {
        (int at, _) = Span(text);
        int begin = text.IndexOf(": ", at, StringComparison.Ordinal) + 2;
        if (begin < 2)
            return text;
        int end = text.IndexOfAny([',', '}', ']', '\n'], begin);
        return end < 0 ? text : text.Remove(begin, end - begin).Insert(begin, word);
    }

    private (int At, int Length) Span(string text)
    {
        int at = _random.Next(text.Length + 1);
        return (at, Math.Min(text.Length - at, 1 << _random.Next(8)));
    }
}
