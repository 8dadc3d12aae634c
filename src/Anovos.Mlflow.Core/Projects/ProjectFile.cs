using Anovos.Mlflow.Configuration;
using Anovos.Mlflow.Yaml;

namespace Anovos.Mlflow.Projects;

/// <summary>The content of a project's <c>MLproject</c> file, read as mlflow.projects does.</summary>
internal sealed class ProjectFile
{
    private static readonly string[] Environments = ["docker_env", "conda_env", "python_env"];

    // mlflow run takes the first of these if MLproject names no environment, and also if there is no MLproject.
    private static readonly string[] DefaultFiles = ["python_env.yaml", "conda.yaml"];

    private readonly string _folder;
    private readonly YamlMapping? _root;

    private ProjectFile(string folder, YamlMapping? root) => (_folder, _root) = (folder, root);

    /// <summary>
    /// The environment that the project requests: the one that MLproject names, or a file with the default name; null if it requests none.
    /// </summary>
    public string? Environment =>
        Environments.FirstOrDefault(name => _root?[name] is { IsTruthy: true })
        ?? DefaultFiles.FirstOrDefault(file => File.Exists(Path.Combine(_folder, file)));

    /// <summary>Reads the project in a folder. Without the file, the project's scripts are its entry points.</summary>
    /// <exception cref="MlflowException"><see cref="ErrorKind.ConfigInvalid"/> if the file is not a valid project file.</exception>
    public static ProjectFile Load(string folder, CancellationToken cancellationToken)
    {
        string? path = Directory.EnumerateFiles(folder).FirstOrDefault(file => Path.GetFileName(file).Equals("MLproject", StringComparison.OrdinalIgnoreCase));
        if (path is null)
            return new ProjectFile(folder, null);
        try
        {
            YamlNode? root = YamlReader.Read(YamlText.Decode(ConfigFile.Read(path, cancellationToken)), cancellationToken);
            if (root is not YamlMapping mapping)
                throw Wrong(path, "it is not a mapping");
            if (mapping.Find("databricks_spark_job") is not null)
            {
                throw Wrong(path, "it describes a Databricks job (databricks_spark_job). "
                    + "Run a workflow there with Invoke-AnovosWorkflow -ClusterId or -NewCluster");
            }

            CheckEnvironment(path, folder, mapping);
            return new ProjectFile(folder, mapping);
        }
        catch (YamlFault fault)
        {
            throw Wrong(path, $"line {fault.Position.Line}: {fault.Message}");
        }
    }

    /// <summary>Returns the entry point with a name, or the script with that name.</summary>
    /// <exception cref="MlflowException"><see cref="ErrorKind.InvalidValue"/> if there is neither, or if it has no command.</exception>
    public EntryPoint Find(string name)
    {
        YamlMapping? all = _root?.Mapping("entry_points");
        if (all?.Mapping(name) is { } found)
        {
            string command = found.Text("command") ?? throw Wrong(_folder, $"its entry point '{name}' has no command");
            return new EntryPoint(name, command, [.. (found.Mapping("parameters")?.Entries ?? []).Select(entry => Parameter(entry))]);
        }

        string? interpreter = Path.GetExtension(name) switch
        {
            ".py" => "python",
            ".sh" => System.Environment.GetEnvironmentVariable("SHELL") is { Length: > 0 } shell ? shell : "bash",
            _ => null,
        };
        return interpreter is not null
            ? new EntryPoint(name, $"{CommandTemplate.Escape(interpreter)} {CommandTemplate.Escape(name)}", [])
            : throw new MlflowException(ErrorKind.InvalidValue, $"The project in {_folder} has no entry point '{name}'{(all is null ? "" : $", but {string.Join(", ", all.Entries.Select(entry => $"'{entry.Key.Text}'"))}")}. Name one of those, or a script that ends in .py or .sh.") { Target = name };
    }

    // As in mlflow run, whether or not the environment is used.
    private static void CheckEnvironment(string path, string folder, YamlMapping root)
    {
        string[] named = [.. Environments.Where(name => root.Find(name) is not null)];
        if (named.Length > 1)
            throw Wrong(path, $"it asks for more than one environment ({string.Join(", ", named)}). Keep one");
        if (named.FirstOrDefault() is not { } environment || root[environment] is not { IsTruthy: true } value)
            return;
        if (environment == "docker_env")
        {
            if ((value as YamlMapping)?["image"] is not { IsTruthy: true })
                throw Wrong(path, "its docker_env does not name an image");
        }
        else if (value is not YamlScalar { Text: var file })
        {
            throw Wrong(path, $"its {environment} is not the name of a file");
        }
        else if (!File.Exists(Path.Combine(folder, file)))
        {
            throw Wrong(path, $"its {environment} names the file '{file}', which is not in {folder}");
        }
    }

    private ProjectParameter Parameter(YamlEntry entry)
    {
        string name = entry.Key.Text;
        if (entry.Value is YamlScalar type)
            return new ProjectParameter(name, type.Text, Default: null);
        YamlMapping mapping = entry.Value as YamlMapping ?? throw Wrong(_folder, $"its parameter '{name}' is a list");
        YamlNode? value = mapping["default"] is { IsNull: false } found ? found : null;
        try
        {
            string? text = value is null ? null : new PythonText(mask: false).Str(value);
            return new ProjectParameter(name, mapping.Text("type") ?? "string", text)
            {
                Shown = value is null ? null : new PythonText(mask: true).Str(value),
            };
        }
        catch (YamlFault fault)
        {
            throw Wrong(_folder, $"the default of its parameter '{name}' is wrong. {fault.Message.TrimEnd('.')}");
        }
    }

    private static MlflowException Wrong(string path, string what) => new(ErrorKind.ConfigInvalid, $"{path} is not a project that can be run: {what}.") { Target = path };
}
