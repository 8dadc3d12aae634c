using System.Text.Json;

namespace Anovos.Mlflow.TestServer;

/// <summary>The fields that MLflow's protobuf parser finds in a request.</summary>
internal sealed class Message(JsonElement json, bool isMetric = false)
{
    private readonly Dictionary<string, object> _fields = [];

    /// <summary>The original request, in which MLflow checks for missing and mistyped fields.</summary>
    public JsonElement Json => json;

    /// <summary>Whether <c>value</c> is a number, as for a metric. For a param or a tag it is text.</summary>
    public bool IsMetric => isMetric;

    /// <summary>The user who sent it; null without the basic-auth app.</summary>
    public string? User { get; init; }

    /// <summary>The HTTP method, for endpoints that have several.</summary>
    public string Method { get; init; } = "";

    public object this[string field]
    {
        set => _fields[field] = value;
    }

    public bool Has(string field) => _fields.ContainsKey(field);

    public string Text(string field) => _fields.GetValueOrDefault(field) as string ?? "";

    public long Integer(string field) => _fields.GetValueOrDefault(field) as long? ?? 0;

    public bool Flag(string field) => _fields.GetValueOrDefault(field) as bool? ?? false;

    public double Number(string field) => _fields.GetValueOrDefault(field) as double? ?? 0;

    public IReadOnlyList<string> Texts(string field) => _fields.GetValueOrDefault(field) as List<string> ?? [];

    public IReadOnlyList<Message> Messages(string field) => _fields.GetValueOrDefault(field) as List<Message> ?? [];

    public List<T> List<T>(string field)
    {
        if (!_fields.TryGetValue(field, out var list))
            _fields[field] = list = new List<T>();
        return (List<T>)list;
    }
}
