namespace Anovos.Mlflow;

/// <summary><c>-0.0</c>, which .NET Framework reads and writes as 0.</summary>
internal static class SignedZero
{
    /// <summary>The number that was read from a text, with the sign of its zero.</summary>
    public static double Restore(double value, string text) =>
        value == 0 && text.TrimStart().StartsWith("-", StringComparison.Ordinal) ? -0.0 : value;

    /// <summary>Whether the number is a negative zero.</summary>
    public static bool IsNegative(double value) => value == 0 && BitConverter.DoubleToInt64Bits(value) < 0;
}
