using Anovos.Mlflow.Configuration;
using Anovos.Mlflow.Yaml;

namespace Anovos.Mlflow.Workflow;

/// <summary>A copy of a workflow file without its <c>mlflow</c> block. The program gets it instead of the file, so that Anovos does
/// not track.</summary>
public sealed class ConfigCopy
{
    private readonly string _name;
    private readonly byte[] _content;
    private readonly IReadOnlyDictionary<int, string> _places;

    private ConfigCopy(string name, byte[] content, IReadOnlyDictionary<int, string> places) =>
        (_name, _content, _places) = (name, content, places);

    /// <summary>Creates the copy for a program; null if none of its arguments is the file.</summary>
    /// <param name="config">The workflow. Its file is read again.</param>
    /// <param name="command">The program. An argument names the file as a path or as <c>--name=path</c>.</param>
    /// <param name="cancellationToken">Cancels the operation.</param>
    /// <exception cref="MlflowException"><see cref="ErrorKind.ConfigNotFound"/> or <see cref="ErrorKind.ConfigInvalid"/>.</exception>
    public static ConfigCopy? For(AnovosConfig config, WorkflowCommand command, CancellationToken cancellationToken)
    {
        var places = new Dictionary<int, string>();
        for (int i = 0; i < command.Arguments.Count; i++)
        {
            string argument = command.Arguments[i];
            int sign = argument.StartsWith("-", StringComparison.Ordinal) ? argument.IndexOf('=') : -1;
            if (IsFile(argument))
                places[i] = "";
            else if (sign > 0 && IsFile(argument.Substring(sign + 1)))
                places[i] = argument.Substring(0, sign + 1);
        }

        if (places.Count == 0)
            return null;
        byte[] content = ConfigFile.Read(config.Path, cancellationToken);

        // The file may have changed since it was loaded.
        AnovosConfig.Parse(content, config.Path, cancellationToken);
        return new ConfigCopy(Path.GetFileName(config.Path), YamlCut.Without(content, "mlflow", cancellationToken), places);

        bool IsFile(string text)
        {
            try
            {
                return text.Length > 0
                    && OutputPath.Comparer.Equals(Path.GetFullPath(LocalPath.Join(command.WorkingDirectory, text)), config.Path);
            }
            catch (Exception e) when (e is ArgumentException or NotSupportedException or PathTooLongException)
            {
                return false;
            }
        }
    }

    /// <summary>Writes the copy into a folder, and returns the arguments with its path.</summary>
    internal IReadOnlyList<string> WriteTo(WorkflowFolder folder, IReadOnlyList<string> arguments)
    {
        string path = folder.Write(_name, _content);
        return [.. arguments.Select((argument, i) => _places.TryGetValue(i, out string? before) ? before + path : argument)];
    }
}
