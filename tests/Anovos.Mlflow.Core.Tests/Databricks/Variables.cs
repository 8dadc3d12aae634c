namespace Anovos.Mlflow.Tests.Databricks;

/// <summary>The environment variables of a test.</summary>
internal sealed class Variables : Dictionary<string, string?>
{
    public string? Read(string name) => this.GetValueOrDefault(name);
}
