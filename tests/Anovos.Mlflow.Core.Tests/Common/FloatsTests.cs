using System.Globalization;
using System.Text;
using System.Text.Json;
using Anovos.Mlflow.Http;
using Anovos.Mlflow.Tracking;
using Anovos.Mlflow.Workflow;

namespace Anovos.Mlflow.Tests.Common;

public class FloatsTests
{
    [Theory]
    [InlineData("-0.0")]
    [InlineData("-0")]
    [InlineData("-0e5")]
    [InlineData(" -0.000")]
    public void A_negative_zero_is_kept_in_every_form(string text)
    {
        Assert.Equal(-0.0, Floats.Restore(0, text));
        Assert.True(Floats.IsNegativeZero(Floats.Restore(0, text)));
        using JsonDocument json = JsonDocument.Parse($$"""{"number": {{text}}, "text": "{{text}}"}""");
        Assert.True(Floats.IsNegativeZero(json.RootElement.Number("number")));
        Assert.True(Floats.IsNegativeZero(json.RootElement.Number("text")));
        Assert.True(Floats.IsNegativeZero(new Statistic("t", null, "n", text).Number!.Value));
    }

    [Theory]
    [InlineData(0.0, "0.0")]
    [InlineData(0.0, "+0")]
    [InlineData(-1.5, "-1.5")]
    public void Other_numbers_stay_as_they_are(double number, string text)
    {
        Assert.Equal(number, Floats.Restore(number, text));
        Assert.False(Floats.IsNegativeZero(number));
    }

    [Theory]
    [InlineData("1e999", double.PositiveInfinity)]
    [InlineData("-1e999", double.NegativeInfinity)]
    [InlineData("1.7976931348623157e308", double.MaxValue)]
    [InlineData("1e-999", 0.0)]
    public void What_is_too_large_is_infinite(string text, double expected)
    {
        Assert.True(Floats.TryRead(text, NumberStyles.Float, out double value));
        Assert.Equal(expected, value);
    }

    [Theory]
    [InlineData("")]
    [InlineData("-")]
    [InlineData("1e999x")]
    [InlineData("1,5")]
    public void What_is_no_number_is_not_read(string text) => Assert.False(Floats.TryRead(text, NumberStyles.Float, out _));

    [Theory]
    [InlineData(5e-324, "5E-324")]
    [InlineData(0.1, "0.1")]
    [InlineData(1.1, "1.1")]
    [InlineData(0.30000000000000004, "0.30000000000000004")]
    [InlineData(9007199254740993, "9007199254740992")]
    [InlineData(-0.0, "-0")]
    public void The_text_has_no_more_digits_than_the_number_needs(double value, string expected)
    {
        // .NET switches to exponential notation earlier than .NET Framework.
        Assert.True(Floats.TryRead(Floats.Shortest(value), NumberStyles.Float, out double read));
        Assert.Equal(value, read);
        Assert.True(Floats.Shortest(value).Length <= expected.Length + "E+15.".Length);
        if (Math.Abs(value) < 1e15)
            Assert.Equal(expected, Floats.Shortest(value));
    }

    [Fact]
    public void A_server_gets_the_sign()
    {
        using var bytes = new MemoryStream();
        using (var json = new Utf8JsonWriter(bytes))
        {
            json.WriteStartObject();
            RestEntities.WriteNumber(json, "value", -0.0);
            json.WriteEndObject();
        }

        Assert.Equal("""{"value":-0.0}""", Encoding.UTF8.GetString(bytes.ToArray()));
    }
}
