using System.Text;

namespace Anovos.Mlflow.Tables;

/// <summary>Reads comma-separated values as pandas and Spark write them: RFC 4180, plus a backslash before a quote.</summary>
internal static class CsvText
{
    /// <summary>Returns the rows, one at a time. Empty lines are skipped.</summary>
    public static IEnumerable<IReadOnlyList<string>> Rows(TextReader text)
    {
        List<string> row = [];
        var cell = new StringBuilder();
        bool isQuoted = false;
        for (int c = text.Read(); c >= 0; c = text.Read())
        {
            if (isQuoted)
            {
                if (c == '\\' && text.Peek() == '"')
                    cell.Append((char)text.Read());
                else if (c != '"')
                    cell.Append((char)c);
                else if (text.Peek() == '"')
                    cell.Append((char)text.Read());
                else
                    isQuoted = false;
            }
            else if (c == '"' && cell.Length == 0)
            {
                isQuoted = true;
            }
            else if (c == ',')
            {
                EndCell();
            }
            else if (c == '\n')
            {
                if (EndRow() is { } complete)
                    yield return complete;
            }
            else if (c != '\r')
            {
                cell.Append((char)c);
            }
        }

        if (EndRow() is { } last)
            yield return last;

        void EndCell()
        {
            row.Add(cell.ToString());
            cell.Clear();
        }

        IReadOnlyList<string>? EndRow()
        {
            if (row.Count == 0 && cell.Length == 0)
                return null;
            EndCell();
            List<string> complete = row;
            row = [];
            return complete;
        }
    }
}
