using System.Text;

namespace Anovos.Mlflow.Workflow;

/// <summary>
/// Cuts a stream of bytes into lines as they come, in blocks: a child that writes much is not waited for line by line. What
/// is no UTF-8 is read in the other encoding, or becomes U+FFFD; a line without an end comes when the stream ends; a longer one than
/// <see cref="LongestLine"/> comes in pieces.
/// </summary>
/// <param name="isError">Whether the lines are standard error's.</param>
/// <param name="taken">Told the bytes of whole lines, as they are, and the lines in them.</param>
/// <param name="other">The encoding of lines that are not UTF-8; null if there is none.</param>
internal sealed class LineReader(bool isError, Action<ArraySegment<byte>, IReadOnlyList<LogLine>> taken, Encoding? other = null)
{
    private const char Replacement = '\uFFFD';

    private static readonly UTF8Encoding Strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>Bytes of one line.</summary>
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

    /// <summary>Hands on what there is of a last line.</summary>
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

    // A progress bar returns to the start of its line: what stands after the last return is what one sees.
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

    // How many bytes at the end begin a character whose rest is to come.
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
