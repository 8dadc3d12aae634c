using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Http;

namespace Anovos.Mlflow.TestServer;

/// <summary>
/// Checks access: a bearer token, or the basic-auth app, where everyone can read and only the owner of an experiment can write.
/// </summary>
internal sealed class AccessControl
{
    private readonly TrackingServerOptions _options;
    private readonly ConcurrentDictionary<string, string> _users = new(StringComparer.Ordinal);

    public AccessControl(TrackingServerOptions options)
    {
        _options = options;
        if (options.Username != null)
            _users[options.Username] = options.Password;
        if (options.ReaderUsername != null)
            _users[options.ReaderUsername] = options.ReaderPassword;
    }

    /// <summary>Returns whether the request has the credentials that the server requires, and the user if there are users.</summary>
    public bool Authenticates(HttpRequest request, out string? user)
    {
        user = null;
        string header = request.Headers.Authorization.ToString();
        if (_options.Token != null)
            return Same(header, $"Bearer {_options.Token}");
        if (_options.Username == null)
            return true;
        if (!header.StartsWith("Basic ", StringComparison.OrdinalIgnoreCase))
            return false;
        byte[] bytes = new byte[header.Length];
        if (!Convert.TryFromBase64String(header[6..], bytes, out int length))
            return false;
        string[] parts = Encoding.UTF8.GetString(bytes, 0, length).Split(':', 2);
        user = parts[0];
        return parts.Length == 2 && _users.TryGetValue(user, out string? password) && Same(parts[1], password);
    }

    public Task ChallengeAsync(HttpContext context)
    {
        context.Response.Headers.WWWAuthenticate = _options.Token != null ? "Bearer" : "Basic realm=\"mlflow\"";
        return Answers.TextAsync(context, 401, "You are not authenticated. Please see "
            + "https://www.mlflow.org/docs/latest/auth/index.html#authenticating-to-mlflow on how to authenticate.");
    }

    public bool MayChange(string? user, StoredExperiment experiment) => IsAdmin(user) || experiment.Owner == user;

    public bool IsAdmin(string? user) => _options.Username == null || user == _options.Username;

    /// <summary>The basic-auth app's own endpoint, which creates a reader.</summary>
    public Task CreateUserAsync(HttpContext context, Message request)
    {
        string name = request.Json.GetProperty("username").GetString()!;
        _users[name] = request.Json.GetProperty("password").GetString()!;
        string[]? none = _options.Version < MlflowVersion.V3_17 ? [] : null;
        return Answers.JsonAsync(context, Answers.Serialize(new
        {
            user = new
            {
                experiment_permissions = none,
                id = _users.Count,
                is_admin = false,
                registered_model_permissions = none,
                scorer_permissions = _options.Version == MlflowVersion.V3_11 ? none : null,
                username = name,
            },
        }));
    }

    private static bool Same(string left, string right) =>
        CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(left), Encoding.UTF8.GetBytes(right));
}
