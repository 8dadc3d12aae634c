namespace Anovos.Mlflow.Tables;

/// <summary>The columns of a data file.</summary>
/// <param name="Columns">Their names.</param>
/// <param name="IsComplete">Whether the file cannot have other columns.</param>
internal sealed record DataHeader(IReadOnlyList<string> Columns, bool IsComplete = true);
