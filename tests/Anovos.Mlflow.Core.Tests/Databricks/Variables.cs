namespace Anovos.Mlflow.Tests.Databricks;

/// <summary>An environment of a test's own.</summary>
internal sealed class Variables : Dictionary<string, string?>
{
    public string? Read(string name) => this.GetValueOrDefault(name);
}
