using Anovos.Mlflow.Yaml;

namespace Anovos.Mlflow.Configuration;

/// <summary>An Anovos workflow file, with its tracking block and its settings.</summary>
public sealed class AnovosConfig
{
    // Blocks that configure tracking and writing, but are not steps.
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

    /// <summary>The <c>mlflow</c> block; null if the file has none, so that tracking is off.</summary>
    public TrackingSettings? Tracking { get; }

    /// <summary>
    /// All settings by their dotted keys, such as <c>input_dataset.read_dataset.file_path</c>, in file order and without the
    /// <c>mlflow</c> block. Booleans are as in Python, numbers as written, lists as JSON, and secrets as <c>***</c>. Nulls are left out.
    /// </summary>
    public IReadOnlyDictionary<string, string> Settings { get; }

    /// <summary>Whether the file contains secrets that must not leave this machine: a password, a key, a signature.</summary>
    public bool HasSecrets => Settings.Values.Append(Tracking?.TrackingUri ?? "").Any(value => value.Contains(Secrets.Mask) || Secrets.Clean(value) != value);

    /// <summary>The blocks that the workflow runs, in file order.</summary>
    public IReadOnlyList<string> Steps { get; }

    /// <summary>Findings about settings that are probably not intended.</summary>
    public IReadOnlyList<ConfigDiagnostic> Warnings { get; internal init; } = [];

    /// <summary>Information about the file, for example a missing flag that counts as off.</summary>
    public IReadOnlyList<ConfigDiagnostic> Notes { get; internal init; } = [];

    /// <summary>The content of the file.</summary>
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

    /// <summary>Reads a workflow from a stream. The path is only used in messages.</summary>
    /// <exception cref="MlflowException"><see cref="ErrorKind.ConfigInvalid"/>, as for <see cref="Load"/>.</exception>
    public static AnovosConfig Parse(Stream stream, string path, CancellationToken cancellationToken = default) =>
        Parse(ConfigFile.Read(stream, path), path, cancellationToken);

    /// <summary>Reads a workflow from a file's bytes. The path is only used in messages.</summary>
    /// <exception cref="MlflowException"><see cref="ErrorKind.ConfigInvalid"/>, as for <see cref="Load"/>.</exception>
    public static AnovosConfig Parse(byte[] bytes, string path, CancellationToken cancellationToken = default)
    {
        ConfigReading reading = ConfigReading.Of(bytes, path, cancellationToken);
        if (reading.Diagnostics.FirstOrDefault(item => item.Severity == DiagnosticSeverity.Error) is { } error)
            throw new MlflowException(ErrorKind.ConfigInvalid, error.ToString()) { Target = path };
        return reading.Config!;
    }

    /// <summary>Returns all findings about a workflow file, in file order; none for a sound file.</summary>
    /// <exception cref="MlflowException">
    /// <see cref="ErrorKind.ConfigNotFound"/>, or <see cref="ErrorKind.ConfigInvalid"/> if the file is too large.
    /// </exception>
    public static IReadOnlyList<ConfigDiagnostic> Check(string path, CancellationToken cancellationToken = default)
    {
        path = ConfigFile.FullPath(path);
        return ConfigReading.Of(ConfigFile.Read(path, cancellationToken), path, cancellationToken).Diagnostics;
    }

    /// <inheritdoc/>
    public override string ToString() => Path;
}
