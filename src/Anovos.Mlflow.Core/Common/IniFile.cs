namespace Anovos.Mlflow;

/// <summary>
/// Reads INI files as Python's configparser and git write them. A section name ends at its closing bracket; a key on the
/// header's line belongs to that section. Keys ignore case, and the last value of a key wins. In a strict file, unrecognized lines and
/// duplicate sections or keys are errors; values may be quoted and followed by a comment, as in Databricks' CLI.
/// </summary>
internal sealed class IniFile
{
    private static readonly string[] CommentStarts = [" #", "\t#", " ;", "\t;"];

    private readonly Dictionary<string, Dictionary<string, string>> _sections = new(StringComparer.Ordinal);
    private readonly List<string> _names = [];
    private readonly bool _isStrict;

    private IniFile(IEnumerable<string> lines, bool isStrict)
    {
        _isStrict = isStrict;
        Dictionary<string, string>? section = null;
        int number = 0;
        foreach (string text in lines)
        {
            number++;
            string line = text.Trim();
            if (line.StartsWith("[", StringComparison.Ordinal))
            {
                int end = HeaderEnd(line);
                if (end < 0)
                    throw new FormatException($"Line {number} starts with '[' but is not a section header: it has no closing bracket.");
                section = Open(line.Substring(1, end - 1).Trim(), number);
                line = line.Substring(end + 1).Trim();
                if (line.Length > 0 && !IsComment(line) && line.IndexOfAny(['=', ':']) <= 0)
                    throw new FormatException($"Line {number} has text after its section header that is neither a comment nor a key.");
            }

            if (line.Length > 0 && !IsComment(line))
                ReadKey(line, number, section);
        }
    }

    /// <summary>The names of the sections, in the order of the file.</summary>
    public IReadOnlyList<string> Names => _names;

    /// <summary>Reads a file; null if it does not exist.</summary>
    /// <exception cref="FormatException">
    /// A line starts with '[' but is not a section header, or breaks a rule of a strict file. The message quotes no values, which may be
    /// secrets.
    /// </exception>
    /// <exception cref="IOException">The file cannot be read; also <see cref="UnauthorizedAccessException"/>.</exception>
    public static IniFile? Read(string path, bool isStrict = false) =>
        File.Exists(path) ? new IniFile(File.ReadLines(path), isStrict) : null;

    /// <summary>Reads a file that the user maintains; null if it does not exist.</summary>
    /// <param name="path">The file.</param>
    /// <param name="what">A description of the file for the error, such as "The credentials file".</param>
    /// <param name="isStrict">True for a strict file.</param>
    /// <exception cref="MlflowException"><see cref="ErrorKind.InvalidValue"/> if it cannot be read.</exception>
    public static IniFile? Read(string path, string what, bool isStrict = false)
    {
        try
        {
            return Read(path, isStrict);
        }
        catch (FormatException e)
        {
            throw new MlflowException(
                ErrorKind.InvalidValue,
                $"{what} {path} cannot be read: {e.Message} Correct the line.", e)
            { Target = path };
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new MlflowException(
                ErrorKind.InvalidValue,
                $"{what} {path} cannot be read: {e.Message} Correct its permissions, or move it elsewhere.", e)
            { Target = path };
        }
    }

    /// <summary>The values of a section by key; null if the file has no such section.</summary>
    public IReadOnlyDictionary<string, string>? Section(string name) =>
        _sections.TryGetValue(name, out Dictionary<string, string>? values) ? values : null;

    private static bool IsComment(string line) =>
        line.StartsWith("#", StringComparison.Ordinal) || line.StartsWith(";", StringComparison.Ordinal);

    // Git quotes the name of a remote or branch; a bracket within the quotes is part of the name.
    private static int HeaderEnd(string line)
    {
        int quote = line.IndexOf(" \"", StringComparison.Ordinal), end = line.IndexOf(']');
        int closing = quote < 0 || quote > end ? -1 : line.IndexOf("\"]", quote + 2, StringComparison.Ordinal);
        return closing < 0 ? end : closing + 1;
    }

    private void ReadKey(string line, int number, Dictionary<string, string>? section)
    {
        int separator = line.IndexOfAny(['=', ':']);
        if (!_isStrict)
        {
            if (section is not null && separator > 0)
                section[line.Substring(0, separator).TrimEnd()] = line.Substring(separator + 1).Trim();
            return;
        }

        if (separator <= 0)
            throw new FormatException($"Line {number} is neither a section header, a comment nor a key with a value.");
        if (section is null)
            throw new FormatException($"Line {number} has a key before the first section header.");
        string key = line.Substring(0, separator).TrimEnd();
        if (section.ContainsKey(key))
            throw new FormatException($"Line {number} repeats a key of its section.");
        section[key] = Unquote(line.Substring(separator + 1).Trim());
    }

    // A value may contain the character that starts a comment, unless there is a space before it.
    private static string Unquote(string value)
    {
        int end = value.Length > 0 && value[0] is '"' or '\'' ? value.IndexOf(value[0], 1) : -1;
        if (end > 0 && value.Substring(end + 1).Trim() is var rest && (rest.Length == 0 || IsComment(rest)))
            return value.Substring(1, end - 1);
        int[] comments = [.. CommentStarts.Select(start => value.IndexOf(start, StringComparison.Ordinal)).Where(at => at >= 0)];
        return comments.Length == 0 ? value : value.Substring(0, comments.Min()).TrimEnd();
    }

    private Dictionary<string, string> Open(string name, int number)
    {
        if (_sections.TryGetValue(name, out Dictionary<string, string>? section))
            return !_isStrict ? section : throw new FormatException($"Line {number} starts the section [{name}] for the second time.");
        _sections[name] = section = new(StringComparer.OrdinalIgnoreCase);
        _names.Add(name);
        return section;
    }
}
