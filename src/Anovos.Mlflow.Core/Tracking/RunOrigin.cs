namespace Anovos.Mlflow.Tracking;

/// <summary>The source of a run, in fields that MLflow used before it had tags for them. Newer versions leave them empty.</summary>
/// <param name="SourceType">The type of the source, such as <c>LOCAL</c> or <c>NOTEBOOK</c>.</param>
/// <param name="SourceName">The script or notebook.</param>
/// <param name="EntryPointName">The entry point of an MLflow project.</param>
/// <param name="SourceVersion">The commit.</param>
internal sealed record RunOrigin(string SourceType, string SourceName, string EntryPointName, string SourceVersion)
{
    // The members of mlflow.entities.SourceType, numbered from 1.
    private static readonly string[] Types = ["NOTEBOOK", "JOB", "PROJECT", "LOCAL", "UNKNOWN"];

    /// <summary>The number that represents the type in a directory store.</summary>
    public int TypeNumber => 1 + Math.Max(0, Array.IndexOf(Types, SourceType));

    /// <summary>Returns the type with that number.</summary>
    public static string TypeOf(long? number) => number is >= 1 and <= 5 ? Types[(int)number - 1] : "LOCAL";
}
