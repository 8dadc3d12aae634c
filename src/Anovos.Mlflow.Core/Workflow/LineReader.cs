using System.Text;

namespace Anovos.Mlflow.Workflow;

/// <summary>
/// Splits a byte stream into lines as it arrives, in blocks, so that a child that writes much is not slowed down by each line. A line
/// that is not UTF-8 is decoded in the other encoding, or gets U+FFFD characters. A last line without a line break is returned when
/// the stream ends. A line longer than <see cref="LongestLine"/> is split.
/// </summary>
/// <param name="isError">Whether the lines are from standard error.</param>
/// <param name="taken">Called with the unchanged bytes of complete lines, and with the lines in them.</param>
/// <param name="other">The encoding for lines that are not UTF-8; null if there is none.</param>
internal sealed class LineReader(bool isError, Action<ArraySegment<byte>, IReadOnlyList<LogLine>> taken, Encoding? other = null)
{
    private const char Replacement = '\uFFFD';

    private static readonly UTF8Encoding Strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>The maximum length of a line, in bytes.</summary>
    public const int LongestLine = 1 << 16;

    private readonly byte[] _buffer = new byte[4 * LongestLine];
    private int _filled;

    /// <summary>Reads to the end of the stream.</summary>
    public async Task ReadAsync(Stream stream, CancellationToken cancellationToken)
    {
        while (true)
        {
            int read = await stream.ReadAsync(_buffer, _filled, _buffer.Length - _filled, cancellationToken).ConfigureAwait(false);
            if (read == 0)
                break;
            _filled += read;
            int end = Array.LastIndexOf(_buffer, (byte)'\n', _filled - 1, read) + 1;
            if (end > 0)
                Take(end);
            else if (_filled >= LongestLine)
                Take(_filled - PartOfCharacter(0, _filled));
        }

        Finish();
    }

    /// <summary>Passes on an incomplete last line, if there is one.</summary>
    public void Finish()
    {
        if (_filled > 0)
            Take(_filled);
    }

    private void Take(int count)
    {
        List<LogLine> lines = [];
        for (int start = 0; start < count;)
        {
            int room = Math.Min(count - start, LongestLine);
            int end = Array.IndexOf(_buffer, (byte)'\n', start, room);
            int next = end >= 0 ? end + 1 : start + room < count ? start + room - PartOfCharacter(start, start + room) : count;
            lines.Add(new LogLine(Decode(start, (end < 0 ? next : end) - start), isError));
            start = next;
        }

        taken(new ArraySegment<byte>(_buffer, 0, count), lines);
        _filled -= count;
        Buffer.BlockCopy(_buffer, count, _buffer, 0, _filled);
    }

    // A progress bar uses carriage returns: only the text after the last carriage return is visible.
    private string Decode(int start, int count)
    {
        while (count > 0 && _buffer[start + count - 1] == '\r')
            count--;
        int shown = count == 0 ? -1 : Array.LastIndexOf(_buffer, (byte)'\r', start + count - 1, count);
        return shown < 0 ? ToText(start, count) : ToText(shown + 1, start + count - shown - 1);
    }

    private string ToText(int start, int count)
    {
        string text = Encoding.UTF8.GetString(_buffer, start, count);
        return other is not null && text.IndexOf(Replacement) >= 0 && !IsUtf8(start, count) ? other.GetString(_buffer, start, count) : text;
    }

    private bool IsUtf8(int start, int count)
    {
        try
        {
            _ = Strict.GetCharCount(_buffer, start, count);
            return true;
        }
        catch (DecoderFallbackException)
        {
            return false;
        }
    }

    // The number of bytes at the end that start an incomplete character.
    private int PartOfCharacter(int start, int end)
    {
        for (int back = 1; back <= 3 && back < end - start; back++)
        {
            byte b = _buffer[end - back];
            if (b >= 0xC0)
                return back < (b >= 0xF0 ? 4 : b >= 0xE0 ? 3 : 2) ? back : 0;
            if (b < 0x80)
                return 0;
        }

        return 0;
    }
}
