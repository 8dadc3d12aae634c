using System.Globalization;
using System.Text.RegularExpressions;
using Anovos.Mlflow.Yaml;

namespace Anovos.Mlflow.Tracking;

/// <summary>The fields of a <c>meta.yaml</c> file. Fields that a newer MLflow adds are ignored.</summary>
internal sealed class MetaFile
{
    private readonly Dictionary<string, FlatField> _fields;
    private readonly string _path;
    private readonly Action<string> _warn;

    private MetaFile(string path, string content, Action<string> warn)
    {
        (_path, Content, _warn) = (path, content, warn);
        var faults = new List<FormatException>();
        _fields = FlatYamlReader.Read(content, faults.Add);
        IsFlat = faults.Count == 0 && _fields.Count > 0 && !_fields.Any(IsOther);
        if (!IsFlat && Other(content) is { } fields)
        {
            _fields = fields;
            return;
        }

        foreach (FormatException fault in faults)
            _warn($"{_path}, {fault.Message}. This line is left out.");
        string? last = _fields.ContainsKey("artifact_uri") ? "status" : _fields.ContainsKey("artifact_location") ? "name" : null;
        if (last is null || _fields.ContainsKey(last) || content.EndsWith("\n", StringComparison.Ordinal))
            return;

        // MLflow writes the fields in order and ends every line. So this is only the first part of a file.
        IsFlat = false;
        LeaveOutHalf();
    }

    /// <summary>The whole text, for content that is not flat.</summary>
    public string Content { get; }

    /// <summary>Whether every field is on its own lines, as MLflow writes them.</summary>
    private bool IsFlat { get; }

    /// <summary>Reads the file in the folder of an experiment or a run. Leaves out fields that cannot be read.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="warn">Called with a warning for content that cannot be read.</param>
    /// <param name="cancellationToken">Cancels the wait while another program has the file open.</param>
    /// <exception cref="MlflowException"><see cref="ErrorKind.StoreInvalid"/> if the file is missing.</exception>
    public static MetaFile Read(string folder, Action<string> warn, CancellationToken cancellationToken = default)
    {
        string path = PathIn(folder);
        try
        {
            return new MetaFile(path, SharedFile.ReadEnded(path, cancellationToken).TrimStart('\uFEFF'), warn);
        }
        catch (Exception failure) when (failure is FileNotFoundException or DirectoryNotFoundException)
        {
            throw Invalid(path, "is missing", failure);
        }
    }

    /// <summary>Whether the folder has the file.</summary>
    public static bool Exists(string folder) => File.Exists(PathIn(folder));

    /// <summary>Throws if the folder does not contain the file.</summary>
    /// <exception cref="MlflowException"><see cref="ErrorKind.StoreInvalid"/></exception>
    public static void Require(string folder)
    {
        if (!Exists(folder))
            throw Invalid(PathIn(folder), "is missing", innerException: null);
    }

    /// <summary>Writes the file of a folder and replaces an existing one atomically.</summary>
    public static void Write(string folder, string text, CancellationToken cancellationToken) =>
        SharedFile.Write(PathIn(folder), text, scratch: folder, cancellationToken);

    /// <summary>
    /// Changes fields in the file of a folder. Their text is YAML. All other fields stay as they are, including those that MLflow added.
    /// </summary>
    public static void Change(string folder, CancellationToken cancellationToken, params (string Field, string Text)[] fields)
    {
        MetaFile file = Read(folder, _ => { }, cancellationToken);
        string content = file.IsFlat ? file.Content : file.Flat();
        if (!content.EndsWith("\n", StringComparison.Ordinal))
            content += "\n";
        foreach ((string field, string text) in fields)
        {
            // Includes the continuation lines of the field, which are indented or blank.
            var whole = new Regex($@"^{field}:.*\n?(?:[ \t].*\n?|\r?\n(?=\r?\n|[ \t]))*", RegexOptions.Multiline | RegexOptions.CultureInvariant);
            string line = $"{field}: {text}\n";
            content = whole.IsMatch(content) ? whole.Replace(content, line.Replace("$", "$$"), 1) : content + line;
        }

        Write(folder, content, cancellationToken);
    }

    /// <summary>Returns the field; null if it is missing or null.</summary>
    public string? Find(string field) => _fields.TryGetValue(field, out FlatField found) ? found.Value : null;

    /// <summary>Returns the field; throws if it is missing or null.</summary>
    public string Text(string field) => Find(field) ?? throw Invalid($"has no '{field}'");

    /// <summary>Returns the field as a number; null if it is missing, null or, with a warning, not a number.</summary>
    public long? Number(string field)
    {
        if (Find(field) is not { } text)
            return null;
        if (long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long number))
            return number;

        // 1000.0, as written by a program that keeps the time as a float.
        if (PythonFloat.TryRead(text.Trim(), out double real) && Math.Abs(real) < long.MaxValue)
            return (long)real;
        Warn(field, "is not a number");
        return null;
    }

    /// <summary>Returns the field, in Unix milliseconds, as a time; null if it is missing, null or, with a warning, not a time.</summary>
    public DateTimeOffset? Time(string field)
    {
        try
        {
            return Number(field) is { } time ? DateTimeOffset.FromUnixTimeMilliseconds(time) : null;
        }
        catch (ArgumentOutOfRangeException)
        {
            Warn(field, "is not a time");
            return null;
        }
    }

    /// <summary>Returns the lifecycle stage: active if the file has none, as in the oldest versions of MLflow.</summary>
    public LifecycleStage Stage()
    {
        string? stage = Find("lifecycle_stage");
        if (stage is not (null or "active" or "deleted"))
            Warn("lifecycle_stage", "is not 'active' or 'deleted'");
        return stage == "deleted" ? LifecycleStage.Deleted : LifecycleStage.Active;
    }

    /// <summary>Warns about a field that is missing or that has an unusable value.</summary>
    public void Warn(string field, string why)
    {
        if (Find(field) is { } value)
            _warn($"{_path}:{_fields[field].Line}: the value '{YamlScalar.Quote(value)}' of '{field}' {why}. It is left out.");
        else
            _warn($"{_path}: '{field}' {why}.");
    }

    /// <summary>Returns a stage in the form of the file.</summary>
    public static string Text(LifecycleStage stage) => stage == LifecycleStage.Deleted ? "deleted" : "active";

    /// <summary>Creates the error for invalid content of this file.</summary>
    public MlflowException Invalid(string what) => Invalid(_path, what, innerException: null);

    /// <summary>Returns a number in the form of the file.</summary>
    public static string Text(long? number) => number?.ToString(CultureInfo.InvariantCulture) ?? "null";

    // Content that is not flat is rare: flow style, block scalars, anchors, quoted or indented keys.
    private static bool IsOther(KeyValuePair<string, FlatField> field) => field.Value.IsNested || field.Key.Length == 0
        || field.Key[0] is '{' or '"' or '\'' or '?'
        || (field.Value is { IsPlain: true, Value: { Length: > 0 } text } && text[0] is '&' or '*' or '!');

    private static Dictionary<string, FlatField>? Other(string content)
    {
        try
        {
            return (YamlReader.Read(content, CancellationToken.None) as YamlMapping)?.Entries.ToDictionary(
                entry => entry.Key.Text,
                entry => entry.Value is YamlScalar scalar
                    ? new FlatField(scalar.IsNull ? null : scalar.Text, scalar.Kind != YamlKind.String, false, scalar.Position.Line)
                    : new FlatField(null, false, true, entry.Value.Position.Line),
                StringComparer.Ordinal);
        }
        catch (Exception failure) when (failure is YamlFault or ArgumentException)
        {
            return null;
        }
    }

    private void LeaveOutHalf()
    {
        string half = _fields.OrderBy(field => field.Value.Line).Last().Key;
        _warn($"{_path}:{_fields[half].Line}: the file ends here, in the middle of '{half}'. The missing part is left out.");
        _fields.Remove(half);
    }

    // Rewrites a text in another form, or with unreadable lines, as a flat text to which fields can be added.
    private string Flat() => string.Concat(_fields.Select(field => field.Value switch
    {
        { IsNested: true } or { Value: null, IsPlain: false } => $"{field.Key}: []\n",
        { Value: null } => $"{field.Key}: null\n",
        { IsPlain: true, Value: { } text } => $"{field.Key}: {text}\n",
        { Value: { } text } => $"{field.Key}: {FlatYamlText.Write(text)}\n",
    }));

    private static string PathIn(string folder) => Path.Combine(folder, "meta.yaml");

    private static MlflowException Invalid(string path, string what, Exception? innerException) =>
        new(ErrorKind.StoreInvalid, $"The file '{path}' of the directory store {what}.", innerException) { Target = path };
}
