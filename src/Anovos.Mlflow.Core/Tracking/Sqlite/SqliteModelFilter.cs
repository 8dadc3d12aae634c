using System.Globalization;

namespace Anovos.Mlflow.Tracking;

/// <summary>The fields of a model that a filter can compare.</summary>
/// <param name="Attributes">The attributes, by name.</param>
/// <param name="Tables">The tables of keys and values, by the word before the period, such as <c>tags</c>.</param>
internal sealed record SqliteModelFields(
    IReadOnlyDictionary<string, SqliteModelField> Attributes, IReadOnlyDictionary<string, SqliteModelTable> Tables);

/// <summary>A field that a filter can compare.</summary>
/// <param name="Column">The column, with the alias of its table.</param>
/// <param name="IsNumber">Whether it is compared as a number.</param>
/// <param name="TakesList">Whether it can be compared with a list.</param>
internal sealed record SqliteModelField(string Column, bool IsNumber = false, bool TakesList = false);

/// <summary>A table of keys and values. In SQL, its alias is <c>t</c>.</summary>
/// <param name="Name">The name of the table.</param>
/// <param name="Link">The condition that links it to the model.</param>
/// <param name="Key">The column of the key.</param>
/// <param name="Value">The value.</param>
internal sealed record SqliteModelTable(string Name, string Link, string Key, SqliteModelField Value);

/// <summary>Translates a filter in MLflow's search syntax for models into an SQL condition.</summary>
internal sealed class SqliteModelFilter
{
    // MLflow keeps prompts as registered models with this tag, and a search for models skips them.
    private const string PromptTag = "mlflow.prompt.is_prompt";

    private readonly SqliteModelFields _fields;
    private readonly SearchText _text;
    private readonly List<string> _conditions = [];
    private readonly List<(string Name, object? Value)> _parameters = [];
    private bool _wantsPrompts;

    private SqliteModelFilter(SqliteModelFields fields, string? filter)
    {
        _fields = fields;
        _text = new SearchText(filter ?? "", "filter");
    }

    /// <summary>The condition, starting with <c>AND</c>; empty if there is none.</summary>
    public string Sql => string.Concat(_conditions.Select(condition => $" AND {condition}"));

    /// <summary>The parameter values of the condition.</summary>
    public IReadOnlyList<(string Name, object? Value)> Parameters => _parameters;

    /// <summary>Returns the condition, starting with <c>AND</c>, that excludes prompts; empty if the filter asks for prompts.</summary>
    /// <param name="table">The table of tags.</param>
    /// <param name="alias">The alias of the table that contains the name.</param>
    /// <param name="schema">The schema of the database.</param>
    public string WithoutPrompts(string table, string alias, SqliteSchema schema) => _wantsPrompts
        ? ""
        : $" AND NOT EXISTS (SELECT 1 FROM {table} t WHERE t.name = {alias}.name AND t.key = '{PromptTag}' AND t.value = 'true'"
            + $"{schema.AndInWorkspace("t")})";

    /// <summary>Parses a filter. Null and blank text match everything.</summary>
    /// <exception cref="MlflowException">
    /// <see cref="ErrorKind.InvalidValue"/>; the message says where the error is and what is allowed.
    /// </exception>
    public static SqliteModelFilter Parse(string? filter, SqliteModelFields fields)
    {
        var parsed = new SqliteModelFilter(fields, filter);
        if (!parsed._text.End)
            parsed.Read();
        return parsed;
    }

    private void Read()
    {
        do
            ReadCondition();
        while (_text.TryWord("AND"));

        int rest = _text.Position;
        if (!_text.End)
            throw _text.Fail(_text.TryWord("OR") ? "OR is not supported, only AND" : "AND or the end is expected", rest);
    }

    private void ReadCondition()
    {
        int start = _text.Position;
        string name = _text.Quoted("\"`") ?? _text.Word();
        if (name.Length == 0)
            throw _text.Fail($"a name is expected, such as {Names()}");
        if (_text.Next != '.')
        {
            _conditions.Add(Compare(Attribute(name, start), name));
            return;
        }

        _text.TrySymbol(".");
        string key = _text.Quoted("\"`'") ?? _text.DottedWord();
        if (key.Length == 0)
            throw _text.Fail($"a name is expected after '{name}.'");
        if (_text.Next is '-' or '/' or ':')
            throw _text.Fail($"a name with characters other than letters, digits, '_' and '.' must be in quotes, as in {name}.`a/b`");
        if (name is "attribute" or "attributes")
            _conditions.Add(Compare(Attribute(key, start), key));
        else if (_fields.Tables.TryGetValue(name, out SqliteModelTable? table))
            AddKey(table, key);
        else
            throw _text.Fail($"there is no '{name}'; the names are {Names()}", start);
    }

    private void AddKey(SqliteModelTable table, string key)
    {
        int parameters = _parameters.Count;
        string comparison = Compare(table.Value, key, out bool isNot);
        if (key == PromptTag)
        {
            string value = Convert.ToString(_parameters[parameters].Value, CultureInfo.InvariantCulture)!;
            _wantsPrompts |= value.Equals(isNot ? "false" : "true", StringComparison.OrdinalIgnoreCase);
            // Models do not have the tag at all. WithoutPrompts excludes prompts instead.
            if (!_wantsPrompts)
                return;
        }

        _conditions.Add($"EXISTS (SELECT 1 FROM {table.Name} t WHERE {table.Link} AND {table.Key} = {Add(key)} AND {comparison})");
    }

    private SqliteModelField Attribute(string name, int start) => _fields.Attributes.TryGetValue(name, out SqliteModelField? field)
        ? field
        : throw _text.Fail($"there is no attribute '{name}'; the attributes are {string.Join(", ", _fields.Attributes.Keys)}", start);

    private string Compare(SqliteModelField field, string name) => Compare(field, name, out _);

    private string Compare(SqliteModelField field, string name, out bool isNot)
    {
        isNot = false;
        if (field.IsNumber)
        {
            string comparison = new[] { "<=", ">=", "!=", "<", ">", "=" }.FirstOrDefault(_text.TrySymbol)
                ?? throw _text.Fail($"'{name}' is a number: =, !=, <, <=, > or >= is expected");
            return $"{field.Column} {comparison} {Add(Number())}";
        }

        bool negated = _text.TryWord("NOT");
        if (field.TakesList && _text.TryWord("IN"))
            return $"{field.Column} {(negated ? "NOT " : "")}IN ({string.Join(", ", List().Select(Add))})";
        if (!negated && _text.TrySymbol("="))
            return $"{field.Column} = {Add(Value())}";
        isNot = !negated && _text.TrySymbol("!=");
        if (isNot)
            return $"{field.Column} <> {Add(Value())}";
        if (!negated && _text.TryWord("LIKE"))
            return $"{field.Column} LIKE {Add(Value())}";
        if (!negated && _text.TryWord("ILIKE"))
            return $"lower({field.Column}) LIKE lower({Add(Value())})";
        throw _text.Fail($"'{name}' is text: =, !=, LIKE or ILIKE{(field.TakesList ? ", IN or NOT IN" : "")} is expected");
    }

    private List<string> List()
    {
        if (!_text.TrySymbol("("))
            throw _text.Fail("a list is expected, such as ('a', 'b')");
        List<string> values = [];
        do
            values.Add(Value());
        while (_text.TrySymbol(","));
        return _text.TrySymbol(")") ? values : throw _text.Fail("',' or ')' is expected");
    }

    // Quotes are allowed too, because MLflow accepts them around a version number.
    private double Number()
    {
        int start = _text.Position;
        if (_text.Quoted("'\"") is not { } quoted)
            return _text.Number(whole: false);
        return Floats.TryRead(quoted, NumberStyles.Float, out double number)
            ? number
            : throw _text.Fail("a number is expected", start);
    }

    private string Value() => _text.Quoted("'\"") ?? throw _text.Fail("a text in quotes is expected, such as 'tree'");

    private string Add(object value)
    {
        string name = $"$f{_parameters.Count.ToString(CultureInfo.InvariantCulture)}";
        _parameters.Add((name, value));
        return name;
    }

    private string Names() => string.Join(", ", _fields.Attributes.Keys.Concat(_fields.Tables.Keys.Select(table => $"{table}.<name>")));
}
