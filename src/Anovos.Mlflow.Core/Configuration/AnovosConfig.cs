using Anovos.Mlflow.Yaml;

namespace Anovos.Mlflow.Configuration;

/// <summary>An Anovos workflow file: what it asks to be tracked, and the settings it runs with.</summary>
public sealed class AnovosConfig
{
    // Blocks that say how to write, or to where, and run nothing themselves.
    private static readonly string[] NoSteps = ["mlflow", "write_intermediate", "write_stats"];

    internal AnovosConfig(string path, YamlMapping root, TrackingSettings? tracking, IReadOnlyDictionary<string, string> settings)
    {
        Path = path;
        Root = root;
        Tracking = tracking;
        Settings = settings;
        Steps = root.Entries.Where(entry => !entry.Value.IsNull).Select(entry => entry.Key.Text).Except(NoSteps).ToList();
    }

    /// <summary>The file's full path.</summary>
    public string Path { get; }

    /// <summary>The <c>mlflow</c> block; null when the file has none, and tracking is off.</summary>
    public TrackingSettings? Tracking { get; }

    /// <summary>
    /// Every setting under its dotted key, as <c>input_dataset.read_dataset.file_path</c>, in the order of the file and without
    /// the <c>mlflow</c> block. Booleans as Python prints them, numbers as written, lists as JSON, nulls left out, secrets as <c>***</c>.
    /// </summary>
    public IReadOnlyDictionary<string, string> Settings { get; }

    /// <summary>Whether the file holds what must not leave this machine: a password, a key, a signature.</summary>
    public bool HasSecrets => Settings.Values.Append(Tracking?.TrackingUri ?? "").Any(value => value.Contains(Secrets.Mask) || Secrets.Clean(value) != value);

    /// <summary>The blocks that the workflow runs, in its order.</summary>
    public IReadOnlyList<string> Steps { get; }

    /// <summary>What is probably not meant.</summary>
    public IReadOnlyList<ConfigDiagnostic> Warnings { get; internal init; } = [];

    /// <summary>What is worth knowing, as a flag that is missing and counts as off.</summary>
    public IReadOnlyList<ConfigDiagnostic> Notes { get; internal init; } = [];

    /// <summary>The file as it was read.</summary>
    internal YamlMapping Root { get; }

    /// <summary>Reads a workflow file.</summary>
    /// <exception cref="MlflowException">
    /// <see cref="ErrorKind.ConfigNotFound"/>, or <see cref="ErrorKind.ConfigInvalid"/> with the first error as
    /// <c>path:line:column: …</c>.
    /// </exception>
    public static AnovosConfig Load(string path, CancellationToken cancellationToken = default)
    {
        path = ConfigFile.FullPath(path);
        return Parse(ConfigFile.Read(path, cancellationToken), path, cancellationToken);
    }

    /// <summary>Reads a workflow from a stream to its end; the path is for messages.</summary>
    /// <exception cref="MlflowException"><see cref="ErrorKind.ConfigInvalid"/>, as <see cref="Load"/> has it.</exception>
    public static AnovosConfig Parse(Stream stream, string path, CancellationToken cancellationToken = default) =>
        Parse(ConfigFile.Read(stream, path), path, cancellationToken);

    /// <summary>Reads a workflow from a file's bytes; the path is for messages.</summary>
    /// <exception cref="MlflowException"><see cref="ErrorKind.ConfigInvalid"/>, as <see cref="Load"/> has it.</exception>
    public static AnovosConfig Parse(byte[] bytes, string path, CancellationToken cancellationToken = default)
    {
        ConfigReading reading = ConfigReading.Of(bytes, path, cancellationToken);
        if (reading.Diagnostics.FirstOrDefault(item => item.Severity == DiagnosticSeverity.Error) is { } error)
            throw new MlflowException(ErrorKind.ConfigInvalid, error.ToString()) { Target = path };
        return reading.Config!;
    }

    /// <summary>Everything that is to be said about a workflow file, in its order; a sound one gives nothing.</summary>
    /// <exception cref="MlflowException">
    /// <see cref="ErrorKind.ConfigNotFound"/>, or <see cref="ErrorKind.ConfigInvalid"/> when the file is too large.
    /// </exception>
    public static IReadOnlyList<ConfigDiagnostic> Check(string path, CancellationToken cancellationToken = default)
    {
        path = ConfigFile.FullPath(path);
        return ConfigReading.Of(ConfigFile.Read(path, cancellationToken), path, cancellationToken).Diagnostics;
    }

    /// <inheritdoc/>
    public override string ToString() => Path;
}
