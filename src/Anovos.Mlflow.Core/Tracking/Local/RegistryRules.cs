using System.Text.RegularExpressions;

namespace Anovos.Mlflow.Tracking;

/// <summary>Refuses registry data that an MLflow server would refuse (mlflow.utils.validation, mlflow.server.handlers).</summary>
internal static class RegistryRules
{
    /// <summary>The alias that always means the newest version.</summary>
    public const string Latest = "latest";

    private const int AliasLength = 255;

    private static readonly string[] Stages = ["None", "Staging", "Production", "Archived"];

    // Python's \w: letters, all kinds of numbers and the underscore.
    private static readonly Regex AliasCharacters = new(@"^[\p{L}\p{N}_\-]+\z", RegexOptions.CultureInvariant);
    private static readonly Regex VersionAlias = new(@"^[vV]\p{Nd}+\z", RegexOptions.CultureInvariant);

    /// <summary>Throws for a name that a new model cannot have.</summary>
    /// <exception cref="MlflowException"><see cref="ErrorKind.InvalidValue"/></exception>
    public static void CheckName(string name)
    {
        if (string.IsNullOrWhiteSpace(name))
            throw Refused(name, "A registered model needs a name that is not blank.");
        if (name.IndexOfAny(['/', ':']) >= 0)
        {
            throw Refused(name,
                $"The name '{name}' of a registered model contains a slash or a colon, which a models:/ URI uses. Leave them out.");
        }

        // MLflow may use a name as a path.
        if (name == "." || name.StartsWith("..", StringComparison.Ordinal))
        {
            throw Refused(name,
                $"The name '{name}' of a registered model would lead to another folder as a path. Choose a name without leading periods.");
        }
    }

    /// <summary>Throws for a name that an alias cannot have.</summary>
    /// <exception cref="MlflowException"><see cref="ErrorKind.InvalidValue"/></exception>
    public static void CheckAlias(string alias)
    {
        if (!AliasCharacters.IsMatch(alias))
            throw Refused(alias, $"'{alias}' cannot be an alias: it may contain only letters, digits, underscores and dashes.");
        if (alias.Length > AliasLength)
            throw Refused(alias, $"An alias can have at most {AliasLength} characters; this one has {alias.Length}.");
        if (alias.Equals(Latest, StringComparison.OrdinalIgnoreCase))
            throw Refused(alias, $"'{alias}' cannot be an alias: it always means the newest version.");
        if (VersionAlias.IsMatch(alias))
            throw Refused(alias, $"'{alias}' cannot be an alias: it looks like the number of a version.");
    }

    /// <summary>Throws for a tag with an invalid key or a long value.</summary>
    /// <param name="tag">The tag.</param>
    /// <param name="valueLength">The maximum length of a tag's value in the registry.</param>
    /// <exception cref="MlflowException"><see cref="ErrorKind.InvalidValue"/></exception>
    public static void CheckTag(Tag tag, int valueLength)
    {
        StoreLimits.Mlflow.CheckKeys("tag", [tag.Key]);
        if (tag.Value.Length > valueLength)
        {
            throw Refused(tag.Key,
                $"The value of the tag '{tag.Key}' has {tag.Value.Length} characters; the limit is {valueLength}. Shorten it.");
        }
    }

    /// <summary>Throws for a source that leaves the folder where it begins, or whose meaning depends on the current folder.</summary>
    /// <exception cref="MlflowException"><see cref="ErrorKind.InvalidValue"/></exception>
    public static void CheckSource(string source)
    {
        string plain = source, before;
        do
        {
            before = plain;
            plain = Uri.UnescapeDataString(before);
        }
        while (plain != before);

        bool climbs = plain.Split('/', '\\').Any(part => part is "." or "..");
        if (climbs || plain.IndexOf('\0') >= 0)
        {
            throw Refused(source,
                $"The source '{source}' contains a part '.' or '..', or a NUL character. Give the path that it leads to.");
        }

        if (!LocalUri.IsAbsolute(source))
            throw Refused(source, $"The source '{source}' is relative. Give a URI or a full path.");
    }

    /// <summary>Returns the stage in MLflow's spelling.</summary>
    /// <exception cref="MlflowException">
    /// <see cref="ErrorKind.InvalidValue"/> if MLflow has no such stage, or if a move to that stage cannot archive others.
    /// </exception>
    public static string Stage(string stage, bool archiveOthers)
    {
        string name = Stages.FirstOrDefault(one => one.Equals(stage, StringComparison.OrdinalIgnoreCase))
            ?? throw Refused(stage, $"There is no stage '{stage}'. The stages are {string.Join(", ", Stages)}.");
        if (archiveOthers && name is not ("Staging" or "Production"))
            throw Refused(stage, $"Only a move to Staging or Production can archive the versions there, not a move to {name}.");
        return name;
    }

    private static MlflowException Refused(string target, string message) => new(ErrorKind.InvalidValue, message) { Target = target };
}
