using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Anovos.Mlflow.Configuration;

namespace Anovos.Mlflow.Projects;

/// <summary>Writes a workflow as an MLflow project.</summary>
public static class ProjectExport
{
    /// <summary>The name of the file.</summary>
    public const string FileName = "MLproject";

    private static readonly JsonSerializerOptions Plain = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>
    /// Returns the text of the project file. The entry point <c>main</c> runs the program with two parameters: the workflow file and the
    /// run type.
    /// </summary>
    /// <param name="config">The workflow. Its file must be in the folder.</param>
    /// <param name="folder">The full path of the project's folder.</param>
    /// <param name="name">The project's name.</param>
    /// <param name="command">The program and its arguments before the workflow file.</param>
    /// <param name="runType">The default run type.</param>
    /// <exception cref="MlflowException">
    /// <see cref="ErrorKind.InvalidValue"/> if the workflow file is outside of the folder, or if <c>cmd</c>, which runs the command on
    /// Windows, would change an argument.
    /// </exception>
    public static string ToText(AnovosConfig config, string folder, string name, IEnumerable<string> command, string runType) =>
        ToText(config, folder, name, command, runType, WindowsName.IsWindows);

    internal static string ToText(
        AnovosConfig config, string folder, string name, IEnumerable<string> command, string runType, bool forCmd)
    {
        string root = folder.TrimEnd(Path.DirectorySeparatorChar) + Path.DirectorySeparatorChar;
        if (!config.Path.StartsWith(root, WindowsName.IsWindows ? StringComparison.OrdinalIgnoreCase : StringComparison.Ordinal))
            throw new MlflowException(ErrorKind.InvalidValue, $"The workflow file {config.Path} is not in {folder}, but a project must have everything it runs in its folder. Move it there, or give another folder with -Path.") { Target = config.Path };
        string file = config.Path.Substring(root.Length).Replace(Path.DirectorySeparatorChar, '/');

        IEnumerable<string> arguments = command.Select(
            argument => forCmd ? CommandTemplate.EscapeForCmd(argument) : CommandTemplate.Escape(argument));

        // A parameter of type path would be resolved from the directory where mlflow is called, not from the project.
        return new StringBuilder()
            .Append("name: ").Append(Quote(name)).Append('\n')
            .Append("entry_points:\n  main:\n    parameters:\n")
            .Append("      config: {type: string, default: ").Append(Quote(file)).Append("}\n")
            .Append("      run_type: {type: string, default: ").Append(Quote(runType)).Append("}\n")
            .Append("    command: ").Append(Quote(string.Join(" ", arguments.Concat(["{config}", "{run_type}"])))).Append('\n')
            .ToString();
    }

    // JSON strings are valid YAML strings.
    private static string Quote(string text) => JsonSerializer.Serialize(text, Plain);
}
