using System.Collections;
using System.Management.Automation;

namespace Anovos.Mlflow.PowerShell.Abstractions;

/// <summary>Unwraps hashtables, lists and objects of a user from PowerShell's wrapper objects.</summary>
internal static class PlainValue
{
    /// <summary>Returns dictionaries with text keys, lists, and plain values.</summary>
    public static object? Of(object? value) => value switch
    {
        PSObject { BaseObject: PSCustomObject } custom => custom.Properties.ToDictionary(property => property.Name, property => Of(property.Value)),
        PSObject wrapped => Of(wrapped.BaseObject),
        IDictionary table => table.Keys.Cast<object>().ToDictionary(ValueText.Of, key => Of(table[key])),
        string or null => value,
        IEnumerable list => list.Cast<object?>().Select(Of).ToList(),
        bool or IConvertible => value,
        _ => ValueText.Of(value),
    };
}
