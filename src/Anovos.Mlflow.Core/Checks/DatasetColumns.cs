using Anovos.Mlflow.Tables;
using Anovos.Mlflow.Yaml;

namespace Anovos.Mlflow.Checks;

/// <summary>Follows the columns of a dataset through the functions that read it.</summary>
internal sealed class DatasetColumns(Findings findings, InputData data)
{
    private readonly ColumnUse _use = new(findings);

    /// <summary>The final columns of a dataset.</summary>
    public ColumnSet Of(YamlMapping? dataset, string path)
    {
        DataHeader? header = dataset?.Mapping("read_dataset") is { } read ? data.Columns(read, path + ".read_dataset") : null;
        var columns = new ColumnSet(header?.Columns);
        if (header is { IsComplete: false })
            columns.Open();
        foreach (YamlEntry entry in (dataset?.Entries ?? []).Where(entry => !entry.Value.IsNull))
            Apply(columns, entry, $"{path}.{YamlScalar.Quote(entry.Key.Text)}");
        return columns;
    }

    private void Apply(ColumnSet columns, YamlEntry entry, string path)
    {
        var arguments = entry.Value as YamlMapping;
        IReadOnlyList<YamlScalar> names = ListRules.Names(arguments is null ? entry.Value : arguments["list_of_cols"]);
        switch (entry.Key.Text)
        {
            case "delete_column":
                _use.Ignored(columns, names, path);
                foreach (YamlScalar name in names)
                    columns.Drop(name.Text);
                break;
            case "select_column":
                _use.Required(columns, names, path, "AnalysisException: cannot resolve the column");
                if (names.Count > 0)
                    columns.Keep(names.Select(name => name.Text));
                break;
            case "rename_column":
                _use.Ignored(columns, names, path);
                Rename(columns, names, ListRules.Names(arguments?["list_of_newcols"]));
                break;
            case "recast_column":
                _use.Required(columns, names, path, "AnalysisException: cannot resolve the column");
                break;
        }
    }

    private static void Rename(ColumnSet columns, IReadOnlyList<YamlScalar> names, IReadOnlyList<YamlScalar> others)
    {
        for (int i = 0; i < Math.Min(names.Count, others.Count); i++)
        {
            // A name that does not exist is not renamed.
            if (columns.State(names[i].Text) != ColumnState.Possible)
                continue;
            columns.Drop(names[i].Text);
            columns.Add(others[i].Text);
        }
    }
}
