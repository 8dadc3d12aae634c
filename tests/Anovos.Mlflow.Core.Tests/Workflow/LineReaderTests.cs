using System.Text;
using Anovos.Mlflow.Processes;
using Anovos.Mlflow.Workflow;

namespace Anovos.Mlflow.Tests.Workflow;

public sealed class LineReaderTests
{
    [Theory]
    [InlineData("a\nb\n", "a|b")]
    [InlineData("a\nb", "a|b")]
    [InlineData("", "")]
    [InlineData("\n\na\r\n", "||a")]
    [InlineData("1%\r50%\r100%\r\nnext\n", "100%|next")]
    [InlineData("1%\r50%\r", "50%")]
    [InlineData("\r\n", "")]
    [InlineData("größe 世😀\n", "größe 世😀")]
    public async Task Text_comes_in_lines_however_it_is_cut_into_reads(string text, string lines)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(text);
        foreach (int size in new[] { 1, 2, 3, 5, 1000 })
        {
            (string[] read, byte[] raw) = await Read(bytes, size);
            Assert.Equal(lines, string.Join("|", read));
            Assert.Equal(bytes, raw);
        }
    }

    [Fact]
    public async Task What_is_no_UTF_8_is_replaced_and_the_bytes_stay()
    {
        byte[] bytes = [0xFF, (byte)'a', 0xC3, (byte)'\n', (byte)'b'];
        (string[] read, byte[] raw) = await Read(bytes, 2);
        Assert.Equal(["\uFFFDa\uFFFD", "b"], read);
        Assert.Equal(bytes, raw);
    }

    [Theory]
    [InlineData("y")]
    [InlineData("世")]
    [InlineData("😀")]
    public async Task A_line_without_end_comes_in_pieces_and_no_character_is_torn(string character)
    {
        string text = "x" + string.Concat(Enumerable.Repeat(character, 200_000));
        foreach (int size in new[] { 1000, 65_537, 1 << 20 })
        {
            (string[] read, byte[] raw) = await Read(Encoding.UTF8.GetBytes(text + "\nend\n"), size);
            Assert.True(read.Length > 3);
            Assert.All(read, line => Assert.True(Encoding.UTF8.GetByteCount(line) <= LineReader.LongestLine + 3));
            Assert.Equal(text + "end", string.Concat(read));
            Assert.Equal(text + "\nend\n", Encoding.UTF8.GetString(raw));
        }
    }

    [Theory]
    [InlineData("2026-11-20 10:12:03.482 | INFO     | anovos.workflow:main:519 - x ERROR", LogSeverity.Information)]
    [InlineData("2026-11-20 10:12:03.482 | WARNING  | anovos.workflow:main:519 - x", LogSeverity.Warning)]
    [InlineData("2026-11-20 10:12:03.482 | CRITICAL | anovos.workflow:main:519 - x", LogSeverity.Error)]
    [InlineData("26/11/20 10:12:03 WARN NativeCodeLoader: Unable to load native-hadoop library", LogSeverity.Warning)]
    [InlineData("26/11/20 10:12:03 ERROR SparkContext: Error initializing", LogSeverity.Error)]
    [InlineData("26/11/20 10:12:03 INFO SparkContext: Running Spark version 3.3.4", LogSeverity.Information)]
    [InlineData("\u001b[32m2026-11-29 20:57:21.304\u001b[0m | \u001b[31m\u001b[1mERROR   \u001b[0m | \u001b[36mmodule\u001b[0m - x",
        LogSeverity.Error)]
    [InlineData("ERROR in a sentence", LogSeverity.Information)]
    [InlineData("", LogSeverity.Information)]
    public void A_line_of_the_log_names_its_level(string text, LogSeverity severity)
    {
        Assert.Equal(severity, new LogLine(text, IsError: true).Severity);
        // Spark writes its lines to either stream. Any other line on standard output is not a log line.
        bool isSpark = text.StartsWith("26/", StringComparison.Ordinal);
        Assert.Equal(isSpark ? severity : LogSeverity.Information, new LogLine(text, IsError: false).Severity);
    }

    [Fact]
    public void A_line_that_is_shown_steers_nothing() =>
        Assert.Equal("red    # #vso[task.x]␇", new LogLine("\u001b[31mred\u001b[0m\t##vso[task.x]\a", IsError: false).ToDisplay());

    [Fact]
    public async Task A_full_queue_waits_and_loses_nothing()
    {
        var queue = new LineQueue();
        LogLine[] many = [.. Enumerable.Range(0, 100_000).Select(i => new LogLine($"{i}", IsError: false))];
        Assert.True(queue.Add(many, default));
        Task<bool> waiting = Task.Run(() => queue.Add([new LogLine("last", IsError: false)], default));
        await Task.Delay(50);
        Assert.False(waiting.IsCompleted);
        Assert.Equal(100_000, queue.TakeAll().Count);
        Assert.True(await waiting);
        Assert.Equal("last", Assert.Single(queue.TakeAll()).Text);
    }

    [Theory]
    [InlineData(850, new byte[] { 0x67, 0x72, 0x94, 0xE1, 0x65 }, "größe")]
    [InlineData(437, new byte[] { 0x67, 0x72, 0x94, 0xE1, 0x65 }, "größe")]
    [InlineData(866, new byte[] { 0xE1, 0xA5, 0xE2, 0xEC }, "сеть")]
    [InlineData(932, new byte[] { 0x93, 0xFA, 0x96, 0x7B }, "日本")]
    public async Task A_line_that_is_not_UTF8_is_read_in_the_code_page_of_the_console(int codePage, byte[] oem, string expected)
    {
        Encoding other = ConsoleEncoding.Of(codePage)!;
        byte[] utf8 = Encoding.UTF8.GetBytes($"{expected} \uFFFD");
        byte[] all = [.. oem, (byte)'\r', (byte)'\n', .. utf8, (byte)'\n', .. "1%\r"u8, .. oem];
        (string[] lines, byte[] raw) = await Read(all, 3, other);
        Assert.Equal([expected, $"{expected} \uFFFD", expected], lines);
        Assert.Equal(all, raw);
    }

    [Theory]
    [InlineData(65001)]
    [InlineData(12345)]
    public void There_may_be_no_other_encoding(int codePage) => Assert.Null(ConsoleEncoding.Of(codePage));

    [Fact]
    public void Only_Windows_has_another_encoding_than_UTF8()
    {
        if (!OperatingSystem.IsWindows())
            Assert.Null(ConsoleEncoding.OfSystem());
    }

    private static async Task<(string[] Lines, byte[] Raw)> Read(byte[] bytes, int size, Encoding? other = null)
    {
        List<string> lines = [];
        using var raw = new MemoryStream();
        var reader = new LineReader(isError: false, (block, some) =>
        {
            raw.Write(block);
            lines.AddRange(some.Select(line => line.Text));
        }, other);
        await reader.ReadAsync(new PiecewiseStream(bytes, size), default);
        return ([.. lines], raw.ToArray());
    }

    private sealed class PiecewiseStream(byte[] bytes, int size) : MemoryStream(bytes)
    {
        public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
            base.ReadAsync(buffer, offset, Math.Min(count, size), cancellationToken);
    }
}
