namespace Anovos.Mlflow.Tests.Common;

public class UnixTimeTests
{
    [Theory]
    [InlineData(0, "1970-01-01T00:00:00.000Z")]
    [InlineData(1700000000, "2023-11-14T22:13:20.000Z")]
    [InlineData(1700000000.25, "2023-11-14T22:13:20.250Z")]
    [InlineData(1700000000000, "2023-11-14T22:13:20.000Z")]
    [InlineData(1700000000123.0, "2023-11-14T22:13:20.123Z")]
    [InlineData(100000000000, "1973-03-03T09:46:40.000Z")]
    [InlineData(7289654399, "2200-12-31T23:59:59.000Z")]
    [InlineData(7289654399999, "2200-12-31T23:59:59.999Z")]
    public void A_number_below_1e11_is_seconds_and_from_there_on_milliseconds(double number, string expected) =>
        Assert.Equal(expected, UnixTime.FromNumber(number).ToString("yyyy-MM-ddTHH:mm:ss.fffZ", null));

    [Theory]
    [InlineData(-1)]
    [InlineData(-1700000000000)]
    [InlineData(7289654400)]
    [InlineData(99999999999)]
    [InlineData(7289654400000)]
    [InlineData(1700000000000000)]
    [InlineData(6.38e17)]
    [InlineData(double.NaN)]
    [InlineData(double.NegativeInfinity)]
    [InlineData(double.PositiveInfinity)]
    public void A_number_outside_of_1970_to_2200_is_refused(double number)
    {
        var e = Assert.Throws<MlflowException>(() => UnixTime.FromNumber(number));
        Assert.Equal(ErrorKind.InvalidValue, e.Kind);
        Assert.Contains("1700000000000", e.Message);
    }

    [Theory]
    [InlineData("1700000000", 1700000000.0)]
    [InlineData(" 1700000000.5 ", 1700000000.5)]
    [InlineData("1.7e9", 1.7e9)]
    [InlineData("-1", -1.0)]
    [InlineData("2023-11-14", null)]
    [InlineData("1,700,000,000", null)]
    [InlineData("", null)]
    public void A_text_may_be_a_number(string text, double? expected) => Assert.Equal(expected, UnixTime.NumberIn(text));

    [Fact]
    public void A_date_is_taken_from_1970_to_2200()
    {
        DateTime first = new(1970, 1, 1, 0, 0, 0, DateTimeKind.Utc), end = new(2201, 1, 1, 0, 0, 0, DateTimeKind.Utc);
        Assert.Equal(0, UnixTime.Check(first).ToUnixTimeMilliseconds());
        Assert.Equal(2200, UnixTime.Check(end.AddTicks(-1)).UtcDateTime.Year);
        foreach (DateTime time in new[] { DateTime.MinValue, first.AddTicks(-1), end, DateTime.MaxValue })
            Assert.Equal(ErrorKind.InvalidValue, Assert.Throws<MlflowException>(() => UnixTime.Check(time)).Kind);
    }
}
