using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.RegularExpressions;
using Anovos.Mlflow.Yaml;

namespace Anovos.Mlflow.Configuration;

/// <summary>Formats one setting as text: a single value as Python prints its YAML 1.1 value, a list as JSON.</summary>
/// <param name="secret">Whether the entire setting is secret.</param>
internal sealed class SettingText(bool secret)
{
    private static readonly PythonText AsPython = new(mask: false);

    private static readonly Regex JsonNumber = new(@"^-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?\z",
        RegexOptions.CultureInvariant);

    /// <summary>Whether a secret was masked.</summary>
    public bool HasSecret { get; private set; }

    /// <summary>The text of a value.</summary>
    public string Of(YamlNode node)
    {
        if (node is YamlScalar { Kind: YamlKind.Boolean } boolean)
            return boolean.Value;
        if (node is YamlScalar scalar)
            return Clean(Python(scalar), secret);

        using var bytes = new MemoryStream();
        using (var writer = new Utf8JsonWriter(bytes, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
            Write(writer, node, secret);
        return Encoding.UTF8.GetString(bytes.ToArray());
    }

    private void Write(Utf8JsonWriter writer, YamlNode node, bool hide)
    {
        switch (node)
        {
            case YamlSequence list:
                writer.WriteStartArray();
                foreach (YamlNode item in list.Items)
                    Write(writer, item, hide);
                writer.WriteEndArray();
                break;
            case YamlMapping mapping:
                writer.WriteStartObject();
                foreach (YamlEntry entry in mapping.Entries)
                {
                    writer.WritePropertyName(entry.Key.Text);
                    Write(writer, entry.Value, hide || Secrets.IsSecretKey(entry.Key.Text));
                }

                writer.WriteEndObject();
                break;
            case YamlScalar scalar:
                WriteScalar(writer, scalar, hide);
                break;
        }
    }

    private void WriteScalar(Utf8JsonWriter writer, YamlScalar scalar, bool hide)
    {
        string text = Python(scalar);
        if (scalar.IsNull)
            writer.WriteNullValue();
        else if (scalar.Boolean is { } boolean)
            writer.WriteBooleanValue(boolean);
        else if (!hide && scalar.Kind is YamlKind.Integer or YamlKind.Float && JsonNumber.IsMatch(text))
            writer.WriteRawValue(text, skipInputValidation: true);
        else
            writer.WriteStringValue(Clean(text, hide));
    }

    // Binary values stay in base64.
    private static string Python(YamlScalar scalar) => scalar.Kind == YamlKind.Binary ? scalar.Text : AsPython.Str(scalar);

    private string Clean(string text, bool hide)
    {
        // An empty value reveals nothing, and a mask would suggest that there is a secret.
        string clean = hide && text.Length > 0 ? Secrets.Mask : Secrets.Clean(text);
        HasSecret |= clean != text;
        return clean;
    }
}
