using System.Text.Json;

namespace Anovos.Mlflow.Identity;

/// <summary>Reads the claims of a token without validating it: for messages and choices, never for trust.</summary>
internal static class Jwt
{
    /// <summary>Returns the claims; null if the token is not a JWT.</summary>
    public static JsonElement? Claims(string token)
    {
        string[] parts = token.Split('.');
        if (parts.Length != 3)
            return null;
        try
        {
            string payload = parts[1].Replace('-', '+').Replace('_', '/');
            using JsonDocument document = JsonDocument.Parse(Convert.FromBase64String(payload.PadRight((payload.Length + 3) / 4 * 4, '=')));
            return document.RootElement.ValueKind == JsonValueKind.Object ? document.RootElement.Clone() : null;
        }
        catch (Exception e) when (e is FormatException or JsonException)
        {
            return null;
        }
    }
}
