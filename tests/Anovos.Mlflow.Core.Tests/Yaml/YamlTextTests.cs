using System.Text;
using Anovos.Mlflow.Yaml;

namespace Anovos.Mlflow.Tests.Yaml;

public class YamlTextTests
{
    public static TheoryData<string> Encodings => new("utf-8", "utf-16", "utf-16BE");

    [Theory]
    [MemberData(nameof(Encodings))]
    public void A_byte_order_mark_tells_the_encoding(string name)
    {
        var encoding = Encoding.GetEncoding(name);
        byte[] bytes = [.. encoding.GetPreamble(), .. encoding.GetBytes("a: größe 😀\n")];
        Assert.Equal("a: größe 😀\n", YamlText.Decode(bytes));
    }

    [Fact]
    public void Without_a_mark_the_text_is_UTF8() => Assert.Equal("ä", YamlText.Decode([0xC3, 0xA4]));

    [Theory]
    [InlineData(new byte[] { 0x61, 0x0A, 0x62, 0xFF, 0x63 }, 2, 2, "UTF-8")]
    [InlineData(new byte[] { 0xC3, 0xA4, 0xE4 }, 1, 2, "UTF-8")]
    [InlineData(new byte[] { 0xED, 0xA0, 0x80 }, 1, 1, "UTF-8")]
    [InlineData(new byte[] { 0xF0, 0x9F, 0x98, 0x80, 0x0A, 0x61, 0xF0, 0x9F, 0x98 }, 2, 2, "UTF-8")]
    [InlineData(new byte[] { 0x61, 0xC3, 0x28, 0x0A }, 1, 2, "UTF-8")]
    [InlineData(new byte[] { 0xEF, 0xBB, 0xBF, 0x61, 0x0A, 0x0A, 0x80 }, 3, 1, "UTF-8")]
    [InlineData(new byte[] { 0xFF, 0xFE, 0x61, 0x00, 0x0A, 0x00, 0x62 }, 2, 1, "UTF-16")]
    [InlineData(new byte[] { 0xFE, 0xFF, 0xDC, 0x00, 0x00, 0x61 }, 1, 1, "UTF-16")]
    [InlineData(new byte[] { 0xFF, 0xFE, 0x61, 0x00, 0x00, 0xD8 }, 1, 2, "UTF-16")]
    [InlineData(new byte[] { 0x61, 0x00, 0x0A, 0x00 }, 1, 2, "NUL")]
    [InlineData(new byte[] { 0x61, 0x0A, 0x1B }, 2, 1, "U+001B")]
    [InlineData(new byte[] { 0xFF, 0xFE, 0x00, 0x00, 0x61, 0x00, 0x00, 0x00 }, 1, 1, "NUL")]
    public void Bytes_that_are_no_text_are_a_fault_at_their_place(byte[] bytes, int line, int column, string part)
    {
        var fault = Assert.Throws<YamlFault>(() => YamlText.Decode(bytes));
        Assert.Contains(part, fault.Message);
        Assert.Equal(new YamlPosition(line, column), fault.Position);
    }
}
