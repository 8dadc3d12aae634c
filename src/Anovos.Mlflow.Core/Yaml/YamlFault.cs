namespace Anovos.Mlflow.Yaml;

/// <summary>Thrown if a text is not a YAML document that this module accepts. The caller adds the path of the file.</summary>
internal sealed class YamlFault(YamlPosition position, string message, string advice, Exception? inner = null) : Exception(message, inner)
{
    /// <summary>The position of the error.</summary>
    public YamlPosition Position { get; } = position;

    /// <summary>The advice on what to do, as a sentence.</summary>
    public string Advice { get; } = advice;
}
