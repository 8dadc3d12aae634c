using Anovos.Mlflow.Yaml;

namespace Anovos.Mlflow.Configuration;

/// <summary>Gathers what is to be said about one workflow file.</summary>
internal sealed class ConfigProblems(string path)
{
    private readonly List<ConfigDiagnostic> _all = [];

    /// <summary>Everything so far, in the order of the file.</summary>
    public IReadOnlyList<ConfigDiagnostic> InFileOrder => _all.OrderBy(item => item.Line).ThenBy(item => item.Column).ToList();

    /// <summary>Adds what makes the file unusable.</summary>
    public void Error(YamlPosition at, string key, string message, string advice) =>
        Add(DiagnosticSeverity.Error, at, key, message, advice);

    /// <summary>Adds what is probably not meant.</summary>
    public void Warn(YamlPosition at, string key, string message, string advice) =>
        Add(DiagnosticSeverity.Warning, at, key, message, advice);

    /// <summary>Adds what is worth knowing.</summary>
    public void Note(YamlPosition at, string key, string message, string advice) =>
        Add(DiagnosticSeverity.Information, at, key, message, advice);

    private void Add(DiagnosticSeverity severity, YamlPosition at, string key, string message, string advice) => _all.Add(new()
    {
        Severity = severity,
        Line = at.Line,
        Column = at.Column,
        Key = key,
        Message = message,
        Advice = advice,
        Path = path,
    });
}
