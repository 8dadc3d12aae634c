using System.Collections;
using System.Collections.Concurrent;
using System.Net;
using System.Text;
using System.Text.RegularExpressions;

namespace Anovos.Mlflow;

/// <summary>
/// Masks the secrets of a session in text from other sources: messages, exceptions, logs. The options of all connections of a session
/// share one redactor. Thread-safe. Any two redactors are equal, so that options can be compared by their other content.
/// </summary>
public sealed class Redactor : IEquatable<Redactor>
{
    // Shorter secrets occur in ordinary words. They are masked only where nothing but a secret can be.
    private const int Shortest = 4;

    private readonly Redactor? _session;

    private readonly ConcurrentDictionary<string, bool> _secrets = new(StringComparer.Ordinal);

    // Longest first: one secret may contain another.
    private volatile string[] _forms = [];
    private volatile Regex? _short;

    /// <summary>Creates a redactor without secrets.</summary>
    public Redactor()
    {
    }

    private Redactor(Redactor session) => _session = session;

    private bool KnowsNone => _secrets.IsEmpty && _session?.KnowsNone != false;

    /// <summary>Returns a redactor with the secrets of this one, and a few more for a single request.</summary>
    internal Redactor With(params string?[] secrets)
    {
        var more = new Redactor(this);
        more.Add(secrets);
        return more;
    }

    /// <summary>
    /// Adds secrets; nulls are ignored. A secret of fewer than four characters is masked only as the password or user of a URI, and
    /// after <c>Bearer</c>.
    /// </summary>
    public void Add(params string?[] secrets)
    {
        bool isNew = false;
        foreach (string? secret in secrets)
        {
            // Both as pasted and as sent.
            isNew |= AddOne(secret);
            isNew |= AddOne(secret?.Trim());
        }

        if (!isNew)
            return;
        ILookup<bool, string> forms = _secrets.Keys
            .SelectMany(secret => FormsOf(secret).Select(form => (IsShort: secret.Length < Shortest, Form: form)))
            .Distinct()
            .OrderByDescending(pair => pair.Form.Length)
            .ToLookup(pair => pair.IsShort, pair => pair.Form);
        _forms = [.. forms[false]];
        string few = string.Join("|", forms[true].Select(Regex.Escape));
        _short = few.Length == 0 ? null : new Regex(
            $@"(?<=://(?:[^/\s@]*:)?)(?:{few})(?=@)|(?<=\b(?i:Bearer)\s+)(?:{few})(?![\w.~+/=-])",
            RegexOptions.CultureInvariant);
    }

    /// <summary>Adds the password of basic authentication, also in its encoded form.</summary>
    public void AddBasic(string? username, string? password)
    {
        if (password is { Length: > 0 })
            Add(password, Convert.ToBase64String(Encoding.UTF8.GetBytes($"{username}:{password}")));
    }

    /// <summary>Adds the password in a URI. A user without a password is treated as a token, except in bucket URIs.</summary>
    /// <param name="uri">The URI; null for none.</param>
    /// <param name="hasPath">As for <see cref="UriCredentials.Split"/>.</param>
    public void AddUri(string? uri, bool hasPath = true)
    {
        if (uri is null || UriCredentials.Split(uri, hasPath) is not { User: { } user } credentials)
            return;
        if (credentials.Password is null && uri.StartsWith("http", StringComparison.OrdinalIgnoreCase))
            Add(user, Uri.UnescapeDataString(user));
        if (credentials.Password is not { } password)
            return;
        Add(password);
        AddBasic(Uri.UnescapeDataString(user), Uri.UnescapeDataString(password));
    }

    /// <summary>Adds the secrets in the environment variables that this client or its libraries read.</summary>
    public void AddEnvironment(Func<string, string?> environment)
    {
        foreach (string name in Secrets.Variables)
            Add(environment(name));
        AddBasic(environment("MLFLOW_TRACKING_USERNAME"), environment("MLFLOW_TRACKING_PASSWORD"));
        Add(Secrets.PartsOf(environment("AZURE_STORAGE_CONNECTION_STRING")));
        Add(Secrets.PartsOf(environment("AZURE_STORAGE_SAS_TOKEN")));
        if (environment("DATABRICKS_OIDC_TOKEN_ENV") is { Length: > 0 } named)
            Add(environment(named));
        foreach (string name in Secrets.UriVariables)
            AddUri(environment(name), hasPath: name.IndexOf("PROXY", StringComparison.OrdinalIgnoreCase) < 0);
    }

    /// <summary>Adds the values whose names mark them as secrets, and the passwords in URIs.</summary>
    public void AddSettings(IEnumerable<KeyValuePair<string, string?>> settings)
    {
        foreach (KeyValuePair<string, string?> setting in settings)
        {
            if (Secrets.IsSecretKey(setting.Key))
                Add(setting.Value);
            else if (setting.Value?.Contains("://") == true)
                AddUri(setting.Value);
        }
    }

    /// <summary>Replaces each secret in the text with <see cref="Secrets.Mask"/>.</summary>
    public string Clean(string text)
    {
        foreach (string form in _forms)
        {
            if (text.Contains(form))
                text = text.Replace(form, Secrets.Mask);
        }

        text = _short?.Replace(text, Secrets.Mask) ?? text;
        return _session?.Clean(text) ?? text;
    }

    /// <summary>Cleans UTF-8 text as <see cref="Clean(string)"/> does; returns the same bytes if they contain no secret.</summary>
    public ArraySegment<byte> Clean(ArraySegment<byte> bytes)
    {
        if (KnowsNone)
            return bytes;
        string text = Encoding.UTF8.GetString(bytes.Array!, bytes.Offset, bytes.Count), clean = Clean(text);
        return clean == text ? bytes : new ArraySegment<byte>(Encoding.UTF8.GetBytes(clean));
    }

    /// <summary>
    /// Returns the exception without secrets in its message, inner exceptions, text and data; the same exception if it has none.
    /// </summary>
    public Exception Clean(Exception exception)
    {
        if (exception is MlflowException known)
            return Clean(known);
        return Leaks(exception) ? new RedactedException(exception, this) : exception;
    }

    /// <inheritdoc cref="Clean(Exception)"/>
    public MlflowException Clean(MlflowException exception) => Leaks(exception) ? exception.Redact(this) : exception;

    /// <inheritdoc/>
    public bool Equals(Redactor? other) => other is not null;

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as Redactor);

    /// <inheritdoc/>
    public override int GetHashCode() => 0;

    // As escaped in URIs and web pages, and with its control characters made visible.
    private static IEnumerable<string> FormsOf(string secret)
    {
        string encoded = WebUtility.UrlEncode(secret);
        return [secret, SafeText.Of(secret), encoded, encoded.Replace("+", "%20"), WebUtility.HtmlEncode(secret)];
    }

    // Unresolved placeholders are not secrets: errors name them.
    private bool AddOne(string? secret) =>
        secret is { Length: > 0 } && !Pasted.IsPlaceholder(secret) && _secrets.TryAdd(secret, true);

    private bool IsSecret(object? value) => value?.ToString() is { } text && Clean(text) != text;

    private bool Leaks(Exception exception)
    {
        if (KnowsNone)
            return false;
        if (IsSecret(exception))
            return true;
        if (exception is MlflowException known && (IsSecret(known.Target) || IsSecret(known.ErrorCode) || IsSecret(known.RequestId)))
            return true;
        for (Exception? e = exception; e is not null; e = e.InnerException)
        {
            if (e.Data.Cast<DictionaryEntry>().Any(entry => IsSecret(entry.Key) || IsSecret(entry.Value)))
                return true;
            if (e is AggregateException all && all.InnerExceptions.Any(Leaks))
                return true;
        }

        return false;
    }
}

/// <summary>Replaces an exception that contained a secret, with the secret masked.</summary>
public sealed class RedactedException : Exception
{
    private readonly string _text;

    internal RedactedException(Exception original, Redactor redactor)
        : base(redactor.Clean(original.Message), original.InnerException is { } inner ? redactor.Clean(inner) : null)
    {
        _text = redactor.Clean(original.ToString());
        HResult = original.HResult;
        foreach (DictionaryEntry entry in original.Data)
            Data[redactor.Clean($"{entry.Key}")] = redactor.Clean($"{entry.Value}");
    }

    /// <inheritdoc/>
    public override string ToString() => _text;
}
