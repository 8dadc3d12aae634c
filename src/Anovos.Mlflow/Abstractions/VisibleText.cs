namespace Anovos.Mlflow.PowerShell.Abstractions;

/// <summary>Names and words of others for people. The views call it, so it is public.</summary>
public static class VisibleText
{
    /// <inheritdoc cref="SafeText.Of"/>
    public static string Format(string? text) => SafeText.Of(text);
}
