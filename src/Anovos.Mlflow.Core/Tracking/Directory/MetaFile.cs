using System.Globalization;
using System.Text.RegularExpressions;

namespace Anovos.Mlflow.Tracking;

/// <summary>The fields of one <c>meta.yaml</c>. What a newer MLflow adds is passed over.</summary>
internal sealed class MetaFile
{
    private readonly Dictionary<string, string?> _fields;
    private readonly string _path;

    private MetaFile(string path, string content, Dictionary<string, string?> fields) => (_path, Content, _fields) = (path, content, fields);

    /// <summary>The whole text, for what is not flat.</summary>
    public string Content { get; }

    /// <summary>Reads the file of an experiment's or run's folder.</summary>
    /// <exception cref="MlflowException"><see cref="ErrorKind.StoreInvalid"/> when there is none or it cannot be read.</exception>
    public static MetaFile Read(string folder)
    {
        string path = PathIn(folder);
        try
        {
            string content = SharedFile.ReadLines(path);
            return new MetaFile(path, content, FlatYamlReader.Read(content));
        }
        catch (FormatException failure)
        {
            throw Invalid(path, $"cannot be read, {failure.Message}", failure);
        }
        catch (Exception failure) when (failure is FileNotFoundException or DirectoryNotFoundException)
        {
            throw Invalid(path, "is missing", failure);
        }
    }

    /// <summary>Whether the folder has the file.</summary>
    public static bool Exists(string folder) => File.Exists(PathIn(folder));

    /// <summary>Writes the file of a folder; one that is there is replaced at once.</summary>
    public static void Write(string folder, string text) => SharedFile.Write(PathIn(folder), text, scratch: folder);

    /// <summary>Changes fields of the file of a folder, given in the form of YAML. All others stay as they are: MLflow has added some.</summary>
    public static void Change(string folder, params (string Field, string Text)[] fields)
    {
        string content = Read(folder).Content;
        foreach ((string field, string text) in fields)
        {
            // With its further lines, which are indented or blank.
            var whole = new Regex($@"^{field}:.*\n?(?:[ \t].*\n?|\r?\n(?=\r?\n|[ \t]))*", RegexOptions.Multiline | RegexOptions.CultureInvariant);
            string line = $"{field}: {text}\n";
            content = whole.IsMatch(content) ? whole.Replace(content, line.Replace("$", "$$"), 1) : content + line;
        }

        Write(folder, content);
    }

    /// <summary>The field; null when it is not there or null.</summary>
    public string? Find(string field) => _fields.TryGetValue(field, out string? value) ? value : null;

    /// <summary>The field, which must be there.</summary>
    public string Text(string field) => Find(field) ?? throw Invalid($"has no '{field}'");

    /// <summary>The field as a number; null when it is not there or null.</summary>
    public long? Number(string field)
    {
        if (Find(field) is not { } text)
            return null;
        return long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long number)
            ? number
            : throw Invalid($"has '{text}' as '{field}', which must be a whole number");
    }

    /// <summary>The field, Unix milliseconds, as a time; null when it is not there or null.</summary>
    public DateTimeOffset? Time(string field)
    {
        try
        {
            return Number(field) is { } time ? DateTimeOffset.FromUnixTimeMilliseconds(time) : null;
        }
        catch (ArgumentOutOfRangeException failure)
        {
            throw Invalid(_path, $"has '{Find(field)}' as '{field}', which is no time", failure);
        }
    }

    /// <summary>The lifecycle stage; active when the oldest MLflow wrote none.</summary>
    public LifecycleStage Stage() => Find("lifecycle_stage") switch
    {
        null or "active" => LifecycleStage.Active,
        "deleted" => LifecycleStage.Deleted,
        var other => throw Invalid($"has '{other}' as 'lifecycle_stage', which must be 'active' or 'deleted'"),
    };

    /// <summary>A stage as the file has it.</summary>
    public static string Text(LifecycleStage stage) => stage == LifecycleStage.Deleted ? "deleted" : "active";

    /// <summary>The error that something in this file is wrong.</summary>
    public MlflowException Invalid(string what) => Invalid(_path, what, innerException: null);

    /// <summary>A number as the file has it.</summary>
    public static string Text(long? number) => number?.ToString(CultureInfo.InvariantCulture) ?? "null";

    private static string PathIn(string folder) => Path.Combine(folder, "meta.yaml");

    private static MlflowException Invalid(string path, string what, Exception? innerException) =>
        new(ErrorKind.StoreInvalid, $"The file '{path}' of the directory store {what}.", innerException) { Target = path };
}
