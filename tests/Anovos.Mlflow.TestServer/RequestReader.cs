using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace Anovos.Mlflow.TestServer;

/// <summary>Reads the fields of a request: the query of a GET, otherwise the JSON body.</summary>
internal sealed partial class RequestReader(MlflowVersion version)
{
    /// <summary>Returns the path and query as sent over the wire. Kestrel's own path has <c>..</c> resolved.</summary>
    public static string TargetOf(HttpRequest request) =>
        request.HttpContext.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget;

    public static string PathOf(HttpRequest request) => TargetOf(request).Split('?')[0];

    /// <summary>MLflow 3 runs FastAPI in front of Flask, and the body of a chunked request is lost between them.</summary>
    public static bool LosesBody(HttpRequest request, MlflowVersion version) =>
        version >= MlflowVersion.V3_11 && request.Headers.TransferEncoding.Count > 0;

    public Message Read(HttpRequest request, RecordedRequest recorded, bool isMetric, string? user)
    {
        bool isQuery = HttpMethods.IsGet(request.Method) || HttpMethods.IsHead(request.Method);
        var json = isQuery
            ? JsonSerializer.SerializeToElement(request.Query.ToDictionary(pair => pair.Key, pair => pair.Key == "order_by" ? (object)pair.Value.ToArray() : pair.Value.ToString()))
            : ReadBody(request, recorded);
        var message = new Message(json, isMetric) { User = user, Method = request.Method };
        ProtobufJson.Fill(message, json);
        return message;
    }

    private JsonElement ReadBody(HttpRequest request, RecordedRequest recorded)
    {
        if (request.ContentType == null)
            throw ApiException.Invalid("Bad Request. Content-Type header is missing.");
        if (!request.ContentType.StartsWith("application/json", StringComparison.OrdinalIgnoreCase))
            throw ApiException.Invalid("Bad Request. Content-Type must be one of ['application/json'].");
        string text = LosesBody(request, version) ? "" : Encoding.UTF8.GetString(recorded.Body);

        // 2.17 converts a number to text here before it checks anything.
        return ProtobufJson.Parse(version == MlflowVersion.V2_17 ? ExperimentNumber().Replace(text, "$1\"$2\"") : text);
    }

    [GeneratedRegex("(\"experiment_id\"\\s*:\\s*)([0-9]+)")]
    private static partial Regex ExperimentNumber();
}
