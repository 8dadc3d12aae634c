namespace Anovos.Mlflow.PowerShell.Abstractions;

/// <summary>Makes untrusted text safe to display. Public because the views call it.</summary>
public static class VisibleText
{
    /// <inheritdoc cref="SafeText.Of"/>
    public static string Format(string? text) => SafeText.Of(text);
}
