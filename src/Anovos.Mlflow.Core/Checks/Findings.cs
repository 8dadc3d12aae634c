using Anovos.Mlflow.Configuration;
using Anovos.Mlflow.Yaml;

namespace Anovos.Mlflow.Checks;

/// <summary>
/// Gathers the findings of a check. What Anovos fails at is an error, what it ignores a warning. A step that the basic report
/// replaces never fails, and a fault of other run types than the asked one is left out.
/// </summary>
internal sealed class Findings(string path, string? runType)
{
    private readonly ConfigProblems _problems = new(path);

    /// <summary>Whether the basic report replaces the steps that are looked at.</summary>
    public bool IsReplaced { get; set; }

    /// <summary>Everything so far, each once: an anchor's fault shows under every alias.</summary>
    public IReadOnlyList<ConfigDiagnostic> InFileOrder =>
        [.. _problems.InFileOrder.GroupBy(item => (item.Line, item.Column, item.Rule, item.Message)).Select(same => same.First())];

    /// <summary>Anovos fails: the effect goes on after "Anovos ". Only in some run types, where there are any.</summary>
    public void Error(string rule, YamlPosition at, string key, string message, string effect, string advice, params string[] only)
    {
        if (only.Length > 0 && runType is not null && !only.Contains(runType))
            return;
        string where = only.Length > 0 && runType is null ? $"In the run types {string.Join(" and ", only)}, " : "";
        if (IsReplaced)
            Add(DiagnosticSeverity.Warning, rule, at, key, message, "The basic report replaces this step; without it, Anovos " + effect,
                advice);
        else
            Add(DiagnosticSeverity.Error, rule, at, key, message, $"{where}Anovos {effect}", advice);
    }

    /// <summary>Anovos ignores it, or does something else than is probably meant.</summary>
    public void Warn(string rule, YamlPosition at, string key, string message, string effect, string advice) =>
        Add(DiagnosticSeverity.Warning, rule, at, key, message, effect, advice);

    /// <summary>Odd, and nothing more.</summary>
    public void Note(string rule, YamlPosition at, string key, string message, string effect, string advice) =>
        Add(DiagnosticSeverity.Information, rule, at, key, message, effect, advice);

    private void Add(DiagnosticSeverity severity, string rule, YamlPosition at, string key, string message, string effect, string advice) =>
        _problems.Add(severity, rule, at, key, Secrets.Clean(message), Secrets.Clean(effect), Secrets.Clean(advice));
}
