using Anovos.Mlflow.Configuration;
using Anovos.Mlflow.Yaml;

namespace Anovos.Mlflow.Checks;

/// <summary>
/// Collects the findings of a check. A mistake that Anovos fails at is an error, and one that it ignores is a warning.
/// A step that the basic report replaces never fails. Mistakes that matter only in other run types are left out.
/// </summary>
internal sealed class Findings(string path, string? runType)
{
    private readonly ConfigProblems _problems = new(path);

    /// <summary>Whether the basic report replaces the steps being checked.</summary>
    public bool IsReplaced { get; set; }

    /// <summary>The findings so far without duplicates: a mistake in an anchor is found again under every alias.</summary>
    public IReadOnlyList<ConfigDiagnostic> InFileOrder =>
        [.. _problems.InFileOrder.GroupBy(item => (item.Line, item.Column, item.Rule, item.Message)).Select(same => same.First())];

    /// <summary>Adds an error, in some run types only if any are given. The effect continues the sentence "Anovos …".</summary>
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

    /// <summary>Adds a warning: Anovos ignores the mistake, or does something probably not intended.</summary>
    public void Warn(string rule, YamlPosition at, string key, string message, string effect, string advice) =>
        Add(DiagnosticSeverity.Warning, rule, at, key, message, effect, advice);

    /// <summary>Adds a note about something odd but harmless.</summary>
    public void Note(string rule, YamlPosition at, string key, string message, string effect, string advice) =>
        Add(DiagnosticSeverity.Information, rule, at, key, message, effect, advice);

    private void Add(DiagnosticSeverity severity, string rule, YamlPosition at, string key, string message, string effect, string advice) =>
        _problems.Add(severity, rule, at, key, Secrets.Clean(message), Secrets.Clean(effect), Secrets.Clean(advice));
}
