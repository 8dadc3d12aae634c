namespace Anovos.Mlflow.Help;

/// <summary>The error of a page that cannot be read. The message has the form that build tools use to point at a line.</summary>
internal sealed class PageException(string path, int line, string message) : Exception($"{path}({line + 1}): error HELP: {message}");
