namespace Anovos.Mlflow;

/// <summary>Formats bytes as lowercase hexadecimal digits, as MLflow does for checksums and ids.</summary>
internal static class Hex
{
    /// <summary>Returns two digits per byte.</summary>
    public static string Of(byte[] bytes)
    {
#if NET
        return Convert.ToHexString(bytes).ToLowerInvariant();
#else
        return BitConverter.ToString(bytes).Replace("-", "").ToLowerInvariant();
#endif
    }
}
