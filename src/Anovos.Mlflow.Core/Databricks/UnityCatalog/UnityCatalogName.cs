using System.Text.RegularExpressions;

namespace Anovos.Mlflow.Databricks;

/// <summary>The name of a model in Unity Catalog.</summary>
/// <param name="Catalog">The catalog.</param>
/// <param name="Schema">The schema in it.</param>
/// <param name="Model">The model in the schema.</param>
internal sealed record UnityCatalogName(string Catalog, string Schema, string Model)
{
    private static readonly Regex Plain = new("^[A-Za-z0-9_]+$", RegexOptions.CultureInvariant);

    /// <summary>Whether a name, or a pattern of names, has the three parts of Unity Catalog.</summary>
    public static bool IsOne(string name) => name.Split('.') is { Length: 3 } parts && parts.All(part => part.Trim().Length > 0);

    /// <summary>Parses a name.</summary>
    /// <exception cref="MlflowException"><see cref="ErrorKind.InvalidValue"/> for a name without three parts.</exception>
    public static UnityCatalogName Parse(string name)
    {
        string[] parts = name.Split('.');
        if (IsOne(name))
            return new(parts[0], parts[1], parts[2]);
        string full = parts switch
        {
            [var model] => $"main.default.{model}",
            [var schema, var model] => $"main.{schema}.{model}",
            _ => "main.default.income",
        };
        throw new MlflowException(
            ErrorKind.InvalidValue,
            $"'{name}' is not the name of a model in Unity Catalog. Write its catalog, schema and name, such as {full}. "
            + "For the workspace's own registry, where names have one part, use -RegistryUri databricks.")
        { Target = name };
    }

    /// <summary>Returns the statement that grants a privilege on the model, or on its catalog or schema.</summary>
    public string Grant(string privilege) => $"GRANT {privilege} ON " + privilege switch
    {
        "USE CATALOG" => $"CATALOG {Quote(Catalog)}",
        "USE SCHEMA" or "CREATE MODEL" or "CREATE FUNCTION" => $"SCHEMA {Quote(Catalog)}.{Quote(Schema)}",

        // In SQL, a registered model is a function.
        _ => $"FUNCTION {Quote(Catalog)}.{Quote(Schema)}.{Quote(Model)}",
    };

    private static string Quote(string part) => Plain.IsMatch(part) ? part : $"`{part.Replace("`", "``")}`";
}
