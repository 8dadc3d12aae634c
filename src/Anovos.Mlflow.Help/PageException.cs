namespace Anovos.Mlflow.Help;

/// <summary>A page that cannot be read; the message has the form in which build tools point at a line.</summary>
internal sealed class PageException(string path, int line, string message) : Exception($"{path}({line + 1}): error HELP: {message}");
