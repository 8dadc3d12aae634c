using System.Text.RegularExpressions;

namespace Anovos.Mlflow.Databricks;

/// <summary>Names the missing privilege for an operation of Unity Catalog's registry.</summary>
internal static class UnityCatalogGrants
{
    private static readonly Regex Named = new(
        @"\b(?:USE[ _]CATALOG|USE[ _]SCHEMA|CREATE[ _]MODEL[ _]VERSION|CREATE[ _]MODEL|CREATE[ _]FUNCTION|EXECUTE|APPLY[ _]TAG|MANAGE)\b",
        RegexOptions.CultureInvariant);

    private static readonly Regex Owner = new(@"\bnot (?:an|the) owner\b", RegexOptions.CultureInvariant | RegexOptions.IgnoreCase);

    /// <summary>Returns the statement that grants the privilege named by the server, else those that the operation needs.</summary>
    /// <param name="said">The server's message.</param>
    /// <param name="operation">The endpoint, such as <c>model-versions/create</c>.</param>
    /// <param name="reads">Whether the operation only reads.</param>
    /// <param name="name">The model; null for a search.</param>
    public static string Advice(string said, string operation, bool reads, UnityCatalogName? name)
    {
        if (name is null)
            return "A search finds the models on which you have EXECUTE, in catalogs with USE CATALOG and schemas with USE SCHEMA.";
        if (Named.Match(said) is { Success: true } named)
            return $"The privilege {named.Value.Replace('_', ' ')} is missing. Its owner can grant it: "
                + $"{Statement(named.Value.Replace('_', ' '))}.";
        string needed = reads || operation.StartsWith("model-versions/generate", StringComparison.Ordinal) ? "EXECUTE"
            : operation == "registered-models/create" ? "CREATE MODEL"
            : operation is "model-versions/create" or "model-versions/finalize" ? "CREATE MODEL VERSION"
            : operation.EndsWith("-tag", StringComparison.Ordinal) ? "APPLY TAG"
            : "MANAGE";
        string owner = Owner.IsMatch(said) || needed is "MANAGE" or "CREATE MODEL VERSION"
            ? "Its owner can do it, and so can "
            : "It requires ";
        return owner == "It requires "
            ? $"It requires {Statement("USE CATALOG")}; {Statement("USE SCHEMA")}; {Statement(needed)}."
            : $"{owner}others with {Statement("USE CATALOG")}; {Statement("USE SCHEMA")}; {Statement(needed)}.";

        string Statement(string privilege) => $"{name.Grant(privilege)} TO `<user or group>`";
    }
}
