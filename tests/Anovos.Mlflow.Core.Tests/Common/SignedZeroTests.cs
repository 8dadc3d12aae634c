using System.Text;
using System.Text.Json;
using Anovos.Mlflow.Http;
using Anovos.Mlflow.Tracking;
using Anovos.Mlflow.Workflow;

namespace Anovos.Mlflow.Tests.Common;

public class SignedZeroTests
{
    [Theory]
    [InlineData("-0.0")]
    [InlineData("-0")]
    [InlineData("-0e5")]
    [InlineData(" -0.000")]
    public void A_negative_zero_is_kept_in_every_form(string text)
    {
        Assert.Equal(double.NegativeZero, SignedZero.Restore(0, text));
        Assert.True(double.IsNegative(SignedZero.Restore(0, text)));
        using JsonDocument json = JsonDocument.Parse($$"""{"number": {{text}}, "text": "{{text}}"}""");
        Assert.True(double.IsNegative(json.RootElement.Number("number")));
        Assert.True(double.IsNegative(json.RootElement.Number("text")));
        Assert.True(double.IsNegative(new Statistic("t", null, "n", text).Number!.Value));
    }

    [Theory]
    [InlineData(0.0, "0.0")]
    [InlineData(0.0, "+0")]
    [InlineData(-1.5, "-1.5")]
    public void Other_numbers_stay_as_they_are(double number, string text)
    {
        Assert.Equal(number, SignedZero.Restore(number, text));
        Assert.False(SignedZero.IsNegative(number));
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
