namespace Anovos.Mlflow;

/// <summary>Bytes as lowercase hexadecimal digits, as MLflow writes checksums and ids.</summary>
internal static class Hex
{
    /// <summary>Two digits per byte.</summary>
    public static string Of(byte[] bytes)
    {
#if NET
        return Convert.ToHexString(bytes).ToLowerInvariant();
#else
        return BitConverter.ToString(bytes).Replace("-", "").ToLowerInvariant();
#endif
    }
}
