using System.Text.RegularExpressions;
using YamlDotNet.Serialization;

namespace Anovos.Mlflow.Tests;

/// <summary>
/// Runs the PowerShell steps of an Azure pipeline job like the agent does: each in its own process, with the job's variables as
/// environment variables, including those that earlier steps set.
/// </summary>
internal sealed partial class PipelineJob
{
    private readonly List<Dictionary<string, object>> _steps;
    private readonly Dictionary<string, string> _variables = new(StringComparer.OrdinalIgnoreCase);

    public PipelineJob(string yaml, string name)
    {
        var pipeline = new DeserializerBuilder().Build().Deserialize<Dictionary<string, object>>(yaml);
        Dictionary<object, object> job = ((List<object>)pipeline["jobs"]).Cast<Dictionary<object, object>>().Single(job => (string)job["job"] == name);
        foreach ((object key, object value) in ((Dictionary<object, object>)pipeline["variables"]).Concat((Dictionary<object, object>)job["variables"]))
            _variables[(string)key] = (string)value;
        _steps = [.. ((List<object>)job["steps"]).Cast<Dictionary<object, object>>().Select(step => step.ToDictionary(pair => (string)pair.Key, pair => pair.Value)).Where(step => ScriptOf(step) is not null)];
    }

    /// <summary>The names of the steps.</summary>
    public IReadOnlyList<string> Steps => [.. _steps.Select(step => (string)step["displayName"])];

    /// <summary>The scripts of the steps.</summary>
    public IReadOnlyList<string> Scripts => [.. _steps.Select(step => ScriptOf(step)!)];

    /// <summary>The result of the job so far: Succeeded, Failed or Canceled.</summary>
    public string Status { get; private set; } = "Succeeded";

    /// <summary>The complete output of the steps.</summary>
    public string Log { get; private set; } = "";

    /// <summary>A variable of the job.</summary>
    public string this[string name]
    {
        set => _variables[name] = value;
    }

    /// <summary>Runs the job.</summary>
    /// <param name="shell">Runs a script file with an environment.</param>
    /// <param name="cancelAfter">The step after which the job is canceled.</param>
    public void Run(Func<string, IEnumerable<(string, string?)>, (int ExitCode, string Output, string Error)> shell, string? cancelAfter)
    {
        foreach (Dictionary<string, object> step in _steps)
        {
            if (Status != "Succeeded" && !(step.TryGetValue("condition", out object? condition) && (string)condition == "always()"))
                continue;
            _variables["Agent.JobStatus"] = Status;
            string file = Path.Combine(Path.GetTempPath(), $"{Path.GetRandomFileName()}.ps1");
            File.WriteAllText(file, $"$ErrorActionPreference = 'stop'\n{Expand(ScriptOf(step)!)}\nif ($null -ne $LASTEXITCODE) {{ exit $LASTEXITCODE }}\n");
            (int exitCode, string output, string error) = shell(file, EnvironmentOf(step));
            File.Delete(file);
            Log += output + error;
            foreach (Match match in SetVariable().Matches(output))
                _variables[match.Groups["name"].Value] = match.Groups["value"].Value;
            if (exitCode != 0)
                Status = "Failed";
            if ((string)step["displayName"] == cancelAfter)
                Status = "Canceled";
        }
    }

    private static string? ScriptOf(Dictionary<string, object> step) => (step.GetValueOrDefault("pwsh") ?? step.GetValueOrDefault("powershell")) as string;

    // A secret, such as the job's token, is in the environment only if the step maps it.
    private IEnumerable<(string, string?)> EnvironmentOf(Dictionary<string, object> step)
    {
        foreach ((string name, string value) in _variables.Where(pair => pair.Key != "System.AccessToken"))
            yield return (name.ToUpperInvariant().Replace('.', '_'), Expand(value));
        foreach ((object name, object value) in step.GetValueOrDefault("env") as Dictionary<object, object> ?? [])
            yield return ((string)name, Expand((string)value));
    }

    // A name that is not a variable is left unchanged.
    private string Expand(string text) => Macro().Replace(text, match => _variables.TryGetValue(match.Groups["name"].Value, out string? value) ? Expand(value) : match.Value);

    [GeneratedRegex(@"\$\((?<name>[\w.]+)\)", RegexOptions.CultureInvariant)]
    private static partial Regex Macro();

    [GeneratedRegex(@"^##vso\[task\.setvariable variable=(?<name>\w+)\](?<value>[^\r\n]*)", RegexOptions.Multiline | RegexOptions.CultureInvariant)]
    private static partial Regex SetVariable();
}
