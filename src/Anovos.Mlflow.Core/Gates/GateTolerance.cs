using System.Globalization;

namespace Anovos.Mlflow.Gates;

/// <summary>How far a metric may be beyond the value of another run.</summary>
/// <param name="Amount">The amount: a number, or a percentage of the other run's value.</param>
/// <param name="IsPercent">Whether the amount is a percentage.</param>
public sealed record GateTolerance(double Amount, bool IsPercent)
{
    /// <summary>Parses <c>0.01</c> or <c>5%</c>.</summary>
    /// <exception cref="MlflowException"><see cref="ErrorKind.InvalidValue"/></exception>
    public static GateTolerance Parse(string text)
    {
        bool isPercent = text.EndsWith("%", StringComparison.Ordinal);
        return GateBound.TryNumber(isPercent ? text.Substring(0, text.Length - 1) : text) is { } amount and >= 0
            ? new GateTolerance(amount, isPercent)
            : throw new MlflowException(
                ErrorKind.InvalidValue,
                $"'{text}' is not a tolerance. Write a number that is not negative, or a percentage, as 5%.")
            { Target = text };
    }

    /// <summary>Returns the tolerance for the value of the other run.</summary>
    public double Of(double value) => IsPercent ? Math.Abs(value) * Amount / 100 : Amount;

    /// <inheritdoc/>
    public override string ToString() => Amount.ToString("R", CultureInfo.InvariantCulture) + (IsPercent ? "%" : "");
}
