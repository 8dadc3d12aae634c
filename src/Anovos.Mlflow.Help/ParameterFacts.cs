using System.Globalization;
using System.Management.Automation;
using Microsoft.PowerShell;

namespace Anovos.Mlflow.Help;

/// <summary>The facts about a parameter that come from the code.</summary>
internal sealed class ParameterFacts
{
    public ParameterFacts(CmdletInfo cmdlet, string name)
    {
        ParameterMetadata metadata = cmdlet.Parameters[name];
        CommandParameterInfo[] inSets = [.. cmdlet.ParameterSets.SelectMany(set => set.Parameters).Where(parameter => parameter.Name == name)];
        Type type = Nullable.GetUnderlyingType(metadata.ParameterType) ?? metadata.ParameterType;
        Name = name;
        IsSwitch = metadata.SwitchParameter;
        Type = ShortName(type);
        IsRequired = inSets.All(parameter => parameter.IsMandatory);
        Position = inSets[0].Position < 0 ? null : inSets[0].Position;
        Pipeline = [.. new[] { (inSets.Any(one => one.ValueFromPipeline), "ByValue"), (inSets.Any(one => one.ValueFromPipelineByPropertyName), "ByPropertyName") }.Where(way => way.Item1).Select(way => way.Item2)];
        Aliases = [.. metadata.Aliases];
        TakesWildcards = metadata.Attributes.OfType<SupportsWildcardsAttribute>().Any();
        Choices = [.. metadata.Attributes.OfType<ValidateSetAttribute>().SelectMany(set => set.ValidValues)];
        Range = metadata.Attributes.OfType<ValidateRangeAttribute>().Select(range => Text(range.MinRange, range.MaxRange)).FirstOrDefault();
        Default = Initial(cmdlet.ImplementingType, name);
    }

    public string Name { get; }

    public string Type { get; }

    public bool IsSwitch { get; }

    public bool IsRequired { get; }

    /// <summary>The position, starting at 0; null if the parameter must be named.</summary>
    public int? Position { get; }

    public IReadOnlyList<string> Pipeline { get; }

    public IReadOnlyList<string> Aliases { get; }

    public bool TakesWildcards { get; }

    public IReadOnlyList<string> Choices { get; }

    public string? Range { get; }

    /// <summary>The initial value of the property, if it is meaningful to users.</summary>
    public string? Default { get; }

    /// <summary>Returns the names of a cmdlet's parameters without the common ones.</summary>
    public static IEnumerable<string> OwnNames(CmdletInfo cmdlet) => cmdlet.Parameters.Keys.Except(Cmdlet.CommonParameters);

    /// <summary>Returns the line below the parameter's heading on a page.</summary>
    public string ToMarkdown()
    {
        IEnumerable<string?> facts =
        [
            $"`{Type}`",
            IsRequired ? "required" : null,
            Position is int position ? $"position {position}" : null,
            Pipeline.Count == 0 ? null : "pipeline: " + string.Join(", ", Pipeline).Replace("ByValue", "by value").Replace("ByPropertyName", "by property name"),
            TakesWildcards ? "wildcards" : null,
            Choices.Count == 0 ? null : string.Join(", ", Choices.Select(choice => $"`{choice}`")),
            Range,
            Default is null ? null : $"default `{Default}`",
            Aliases.Count == 0 ? null : "alias " + string.Join(", ", Aliases.Select(alias => $"`{alias}`")),
        ];
        return string.Join(" · ", facts.Where(fact => fact is not null));
    }

    // Uses PowerShell's own short name if there is one, such as int. A type that PowerShell could not find by name has its assembly after a
    // comma.
    private static string ShortName(Type type) =>
        ToStringCodeMethods.Type(PSObject.AsPSObject(type)) is string name && !name.Contains(',') ? name.Split('.')[^1] : type.Name;

    private static string Text(object minimum, object maximum) =>
        maximum is int.MaxValue or long.MaxValue ? string.Create(CultureInfo.InvariantCulture, $"{minimum} or more") : string.Create(CultureInfo.InvariantCulture, $"{minimum} to {maximum}");

    private static string? Initial(Type cmdlet, string name) => cmdlet.GetProperty(name)?.GetValue(Activator.CreateInstance(cmdlet)) switch
    {
        string { Length: > 0 } text => text,
        string[] { Length: > 0 } texts => string.Join(", ", texts),
        int number and not 0 and not int.MaxValue => number.ToString(CultureInfo.InvariantCulture),
        _ => null,
    };
}
