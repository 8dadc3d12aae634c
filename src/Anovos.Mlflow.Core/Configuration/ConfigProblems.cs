using Anovos.Mlflow.Yaml;

namespace Anovos.Mlflow.Configuration;

/// <summary>Gathers what is to be said about one workflow file.</summary>
internal sealed class ConfigProblems(string path)
{
    private readonly List<ConfigDiagnostic> _all = [];

    /// <summary>Everything so far, in the order of the file.</summary>
    public IReadOnlyList<ConfigDiagnostic> InFileOrder => _all.OrderBy(item => item.Line).ThenBy(item => item.Column).ToList();

    /// <summary>Adds what makes the file unusable.</summary>
    public void Error(string rule, YamlPosition at, string key, string message, string advice) =>
        Add(DiagnosticSeverity.Error, rule, at, key, message, "", advice);

    /// <summary>Adds what is probably not meant.</summary>
    public void Warn(string rule, YamlPosition at, string key, string message, string advice) =>
        Add(DiagnosticSeverity.Warning, rule, at, key, message, "", advice);

    /// <summary>Adds what is worth knowing.</summary>
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
