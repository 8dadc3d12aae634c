using System.Globalization;
using System.Management.Automation;
using System.Reflection;
using Anovos.Mlflow.Tracking;

namespace Anovos.Mlflow.PowerShell.Abstractions;

/// <summary>
/// Converts a run to a flat object, for <c>Export-Csv</c>, <c>Format-Table</c> and <c>Sort-Object</c>. Public because PowerShell calls it.
/// </summary>
public static class RunRow
{
    private static readonly MethodInfo TextMethod = typeof(RunRow).GetMethod(nameof(TextOf))!;

    /// <summary>Formats a time, as the <c>ToString()</c> of a row's times. With arguments, it works as in <see cref="DateTime"/>.</summary>
    public static string TextOf(PSObject time, params object[] arguments)
    {
        // A new object, without our ToString method.
        var plain = (DateTime)time.BaseObject;
        return arguments.Length == 0
            ? plain.ToString("yyyy-MM-dd HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture)
            : (string)new PSObject(plain).Methods["ToString"].Invoke(arguments);
    }

    internal static PSObject Of(Run run, IReadOnlyList<RunColumn> columns)
    {
        var row = new PSObject();
        foreach (RunColumn column in columns)
        {
            object? value = column.Value(run);
            row.Properties.Add(new PSNoteProperty(column.Name, value is DateTime time ? WithText(time) : value), preValidated: true);
        }

        return row;
    }

    // Export-Csv writes the text of a value. The text of a plain DateTime has no milliseconds, no zone, and the order of the culture.
    private static PSObject WithText(DateTime time)
    {
        var value = new PSObject(time);
        value.Methods.Add(new PSCodeMethod("ToString", TextMethod));
        return value;
    }
}
