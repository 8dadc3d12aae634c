using System.Globalization;
using System.Management.Automation;

namespace Anovos.Mlflow.PowerShell.Abstractions;

/// <summary>
/// Converts an argument to a point in time. PowerShell itself would read a number as ticks since the year 1.
/// </summary>
[AttributeUsage(AttributeTargets.Property)]
internal sealed class TimeAttribute : ArgumentTransformationAttribute
{
    /// <inheritdoc/>
    public override object? Transform(EngineIntrinsics engineIntrinsics, object? inputData)
    {
        object? value = inputData is PSObject wrapped ? wrapped.BaseObject : inputData;
        if (value is null)
            return null;
        try
        {
            return Read(value).LocalDateTime;
        }
        catch (Exception e) when (e is MlflowException or PSInvalidCastException)
        {
            throw new ArgumentTransformationMetadataException(e.Message, e);
        }
    }

    private static DateTimeOffset Read(object value) => value switch
    {
        string text when UnixTime.NumberIn(text) is { } number => UnixTime.FromNumber(number),
        DateTimeOffset time => UnixTime.Check(time.UtcDateTime),
        System.Numerics.BigInteger big => UnixTime.FromNumber((double)big),
        IConvertible number when IsNumber(number) => UnixTime.FromNumber(number.ToDouble(CultureInfo.InvariantCulture)),
        _ => UnixTime.Check((DateTime)LanguagePrimitives.ConvertTo(value, typeof(DateTime), CultureInfo.InvariantCulture)),
    };

    private static bool IsNumber(IConvertible value) => value.GetTypeCode() is >= TypeCode.SByte and <= TypeCode.Decimal;
}
