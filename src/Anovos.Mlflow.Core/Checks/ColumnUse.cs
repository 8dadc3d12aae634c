using Anovos.Mlflow.Configuration;
using Anovos.Mlflow.Yaml;

namespace Anovos.Mlflow.Checks;

/// <summary>Compares column names in the file with the columns of the data.</summary>
internal sealed class ColumnUse(Findings findings)
{
    /// <summary>Reports columns that a step needs but the data do not have.</summary>
    public void Required(ColumnSet columns, IEnumerable<YamlScalar> names, string path, string raised)
    {
        foreach (YamlScalar name in names)
        {
            ColumnState state = columns.State(name.Text);
            string quoted = YamlScalar.Quote(name.Text);
            if (state == ColumnState.Dropped)
            {
                findings.Error(RuleIds.ColumnDropped, name.Position, path, $"The data no longer have the column '{quoted}'.",
                    $"stops at the step: {raised}.",
                    "Remove the name, or the step that removes or renames the column.");
            }
            else if (state == ColumnState.Absent)
                findings.Error(RuleIds.ColumnUnknown, name.Position, path, $"The data have no column '{quoted}'.",
                    $"stops at the step: {raised}.", Advice(columns, name.Text));
        }
    }

    /// <summary>Reports columns that the data never had, for a key where Anovos skips such names.</summary>
    public void Ignored(ColumnSet columns, IEnumerable<YamlScalar> names, string path)
    {
        foreach (YamlScalar name in names.Where(name => name.Text.Length > 0 && !columns.MayHaveHad(name.Text)))
        {
            findings.Warn(RuleIds.ColumnIgnored, name.Position, path, $"The data have no column '{YamlScalar.Quote(name.Text)}'.",
                "Anovos ignores the name.",
                Advice(columns, name.Text));
        }
    }

    /// <summary>Reports missing columns that the step does not check itself: Spark fails in the middle of the step.</summary>
    public void Used(ColumnSet columns, IEnumerable<YamlScalar> names, string path)
    {
        foreach (YamlScalar name in names.Where(name => columns.State(name.Text) != ColumnState.Possible))
        {
            findings.Warn(RuleIds.ColumnUnknown, name.Position, path, $"The data have no column '{YamlScalar.Quote(name.Text)}'.",
                "Anovos does not check the name, and fails when it uses the column.", Advice(columns, name.Text));
        }
    }

    private static string Advice(ColumnSet columns, string name) => KeyRules.Advice(name, [.. columns.Names]);
}
