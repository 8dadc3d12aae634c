using Anovos.Mlflow.Tracking;

namespace Anovos.Mlflow.Tests.Tracking;

public class PythonFloatTests
{
    [Theory]
    [InlineData(0, "0.0")]
    [InlineData(-0.0, "-0.0")]
    [InlineData(1, "1.0")]
    [InlineData(-12, "-12.0")]
    [InlineData(0.1, "0.1")]
    [InlineData(0.0001, "0.0001")]
    [InlineData(0.00001, "1e-05")]
    [InlineData(1e-7, "1e-07")]
    [InlineData(1.25e-7, "1.25e-07")]
    [InlineData(123456789.123, "123456789.123")]
    [InlineData(1e15, "1000000000000000.0")]
    [InlineData(1234567890123456, "1234567890123456.0")]
    [InlineData(1e16, "1e+16")]
    [InlineData(1.5e16, "1.5e+16")]
    [InlineData(-1e100, "-1e+100")]
    [InlineData(1.7976931348623157e308, "1.7976931348623157e+308")]
    [InlineData(5e-324, "5e-324")]
    [InlineData(double.NaN, "nan")]
    [InlineData(double.PositiveInfinity, "inf")]
    [InlineData(double.NegativeInfinity, "-inf")]
    public void A_number_is_written_as_Python_prints_it_and_reads_back(double value, string expected)
    {
        Assert.Equal(expected, PythonFloat.Write(value));
        Assert.True(PythonFloat.TryRead(expected, out double read));
        Assert.Equal(BitConverter.DoubleToInt64Bits(value), BitConverter.DoubleToInt64Bits(read));
    }

    [Fact]
    public void Any_number_reads_back()
    {
        var random = new Random(7);
        for (int i = 0; i < 10_000; i++)
        {
            double value = BitConverter.Int64BitsToDouble(random.NextInt64(long.MinValue, long.MaxValue));
            Assert.True(PythonFloat.TryRead(PythonFloat.Write(value), out double read));
            Assert.Equal(value, read);
        }
    }

    [Theory]
    [InlineData("+Inf", double.PositiveInfinity)]
    [InlineData("+infinity", double.PositiveInfinity)]
    [InlineData("-INF", double.NegativeInfinity)]
    [InlineData("+nan", double.NaN)]
    [InlineData("-NaN", double.NaN)]
    [InlineData("+1.5e+3", 1500)]
    [InlineData("1_000.5", 1000.5)]
    [InlineData(".5", 0.5)]
    [InlineData("5.", 5)]
    [InlineData("1e999", double.PositiveInfinity)]
    [InlineData("-1e999", double.NegativeInfinity)]
    public void What_Python_reads_as_a_float_is_read(string text, double expected)
    {
        Assert.True(PythonFloat.TryRead(text, out double read));
        Assert.Equal(expected, read);
    }

    [Theory]
    [InlineData("1__0")]
    [InlineData("_1")]
    [InlineData("++1")]
    [InlineData("0x1p3")]
    [InlineData("∞")]
    [InlineData("")]
    [InlineData("1,5")]
    [InlineData("x")]
    public void What_is_no_number_is_not_read(string text) => Assert.False(PythonFloat.TryRead(text, out _));
}
