using Anovos.Mlflow.Yaml;

namespace Anovos.Mlflow.Configuration;

/// <summary>Collects the findings about one workflow file.</summary>
internal sealed class ConfigProblems(string path)
{
    private readonly List<ConfigDiagnostic> _all = [];

    /// <summary>The findings so far, in file order.</summary>
    public IReadOnlyList<ConfigDiagnostic> InFileOrder => _all.OrderBy(item => item.Line).ThenBy(item => item.Column).ToList();

    /// <summary>Adds an error: the file cannot be used.</summary>
    public void Error(string rule, YamlPosition at, string key, string message, string advice) =>
        Add(DiagnosticSeverity.Error, rule, at, key, message, "", advice);

    /// <summary>Adds a warning about something that is probably not intended.</summary>
    public void Warn(string rule, YamlPosition at, string key, string message, string advice) =>
        Add(DiagnosticSeverity.Warning, rule, at, key, message, "", advice);

    /// <summary>Adds useful information.</summary>
    public void Note(string rule, YamlPosition at, string key, string message, string advice) =>
        Add(DiagnosticSeverity.Information, rule, at, key, message, "", advice);

    /// <summary>Adds a finding of any severity.</summary>
    public void Add(DiagnosticSeverity severity, string rule, YamlPosition at, string key,
        string message, string effect, string advice) => _all.Add(new()
        {
            Severity = severity,
            Rule = rule,
            Line = at.Line,
            Column = at.Column,
            Key = key,
            Message = message,
            Effect = effect,
            Advice = advice,
            Path = path,
        });
}
