namespace Anovos.Mlflow.Yaml;

/// <summary>Why a text is no YAML document that this module takes. The reader of a file adds its path.</summary>
internal sealed class YamlFault(YamlPosition position, string message, string advice, Exception? inner = null) : Exception(message, inner)
{
    /// <summary>Where the fault shows.</summary>
    public YamlPosition Position { get; } = position;

    /// <summary>What to do about it, as a sentence.</summary>
    public string Advice { get; } = advice;
}
