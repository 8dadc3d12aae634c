using Anovos.Mlflow.Yaml;

namespace Anovos.Mlflow.Configuration;

/// <summary>The result of reading a workflow file. Loading and checking a file both use it, so that they agree.</summary>
internal sealed class ConfigReading
{
    private ConfigReading(AnovosConfig? config, IReadOnlyList<ConfigDiagnostic> diagnostics)
    {
        Config = config;
        Diagnostics = diagnostics;
    }

    /// <summary>The configuration; null if the file is not a mapping. Valid only if the diagnostics contain no error.</summary>
    public AnovosConfig? Config { get; }

    /// <summary>All findings, in file order.</summary>
    public IReadOnlyList<ConfigDiagnostic> Diagnostics { get; }

    /// <summary>Reads a file's bytes. The path is only used in messages.</summary>
    public static ConfigReading Of(byte[] bytes, string path, CancellationToken cancellationToken)
    {
        var problems = new ConfigProblems(path);
        if (ReadRoot(bytes, problems, cancellationToken) is not { } root)
            return new ConfigReading(null, problems.InFileOrder);

        TrackingSettings? tracking = TrackingBlock.Read(root, problems);
        IReadOnlyDictionary<string, string> settings = SettingsReader.Read(root, problems);
        ConfigCheck.Run(root, problems);
        FlagCheck.Run(root, tracking, problems);

        IReadOnlyList<ConfigDiagnostic> found = problems.InFileOrder;
        var config = new AnovosConfig(path, root, tracking, settings)
        {
            Warnings = found.Where(item => item.Severity == DiagnosticSeverity.Warning).ToList(),
            Notes = found.Where(item => item.Severity == DiagnosticSeverity.Information).ToList(),
        };
        return new ConfigReading(config, found);
    }

    private static YamlMapping? ReadRoot(byte[] bytes, ConfigProblems problems, CancellationToken cancellationToken)
    {
        try
        {
            YamlNode? root = YamlReader.Read(YamlText.Decode(bytes), cancellationToken);
            if (root is YamlMapping mapping)
                return mapping;
            if (root is null or YamlScalar { Text: "" })
                problems.Error(RuleIds.FileEmpty, new YamlPosition(1, 1), "",
                    "The file is empty.", "A workflow file has at least an 'input_dataset:' block.");
            else
            {
                problems.Error(RuleIds.FileNotMapping, root.Position, "", $"The file contains {root.Description}.",
                    "A workflow file is a mapping of blocks, such as 'input_dataset:'. Is this the right file?");
            }
        }
        catch (YamlFault fault)
        {
            problems.Error(RuleIds.Yaml, fault.Position, "", fault.Message, fault.Advice);
        }

        return null;
    }
}
