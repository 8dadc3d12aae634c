using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Http;

namespace Anovos.Mlflow.TestServer;

/// <summary>Writes responses in MLflow's forms: JSON as protobuf prints it, errors, bare text and HTML pages.</summary>
internal static class Answers
{
    public const string Html = "text/html; charset=utf-8";
    public const string PlainText = "text/plain; charset=utf-8";

    /// <summary>An empty message.</summary>
    public static readonly object Empty = new();

    private static readonly JsonSerializerOptions Protobuf = new()
    {
        WriteIndented = true,
        NewLine = "\n",
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        Converters = { new PythonDouble() },
    };

    public static string Serialize(object body) => JsonSerializer.Serialize(body, Protobuf);

    public static Task JsonAsync(HttpContext context, string json) => WriteAsync(context, 200, "application/json", json);

    public static Task ErrorAsync(HttpContext context, ApiException error, MlflowVersion version)
    {
        var body = new Dictionary<string, string> { ["error_code"] = error.Code, ["message"] = error.Message };
        if (version >= MlflowVersion.V3_11 && error.Code != "NOT_IMPLEMENTED")
        {
            body["sqlstate"] = "KAM00";
            body["error_class"] = error.ErrorClass;
        }

        return WriteAsync(context, error.Status, "application/json", JsonSerializer.Serialize(body));
    }

    public static Task TextAsync(HttpContext context, int status, string text) =>
        WriteAsync(context, status, Html, text);

    /// <summary>Writes text as FastAPI itself does, without the headers for browsers.</summary>
    public static Task PlainTextAsync(HttpContext context, int status, string text)
    {
        context.Response.Headers.Remove("X-Content-Type-Options");
        context.Response.Headers.Remove("X-Frame-Options");
        return WriteAsync(context, status, PlainText, text);
    }

    public static Task PageAsync(HttpContext context, int status)
    {
        string reason = Microsoft.AspNetCore.WebUtilities.ReasonPhrases.GetReasonPhrase(status);
        string title = status == 308 ? "Redirecting..." : $"{status} {reason}";
        return TextAsync(context, status, $"<!doctype html>\n<html lang=en>\n<title>{title}</title>\n<h1>{reason}</h1>\n");
    }

    public static async Task WriteAsync(HttpContext context, int status, string contentType, string text)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(text);
        context.Response.StatusCode = status;
        context.Response.ContentType = contentType;
        context.Response.ContentLength = bytes.Length;
        if (!HttpMethods.IsHead(context.Request.Method))
            await context.Response.Body.WriteAsync(bytes, context.RequestAborted);
    }

    /// <summary>Writes doubles as Python prints them: <c>4.0</c>; NaN is a string.</summary>
    private sealed class PythonDouble : JsonConverter<double>
    {
        public override double Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => reader.GetDouble();

        public override void Write(Utf8JsonWriter writer, double value, JsonSerializerOptions options)
        {
            if (double.IsNaN(value))
            {
                writer.WriteStringValue("NaN");
                return;
            }

            string text = value.ToString("R", CultureInfo.InvariantCulture).Replace('E', 'e');
            writer.WriteRawValue(text.AsSpan().IndexOfAny('.', 'e') < 0 ? text + ".0" : text);
        }
    }
}
