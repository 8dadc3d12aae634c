using System.Text.RegularExpressions;
using Anovos.Mlflow.Tracking;

namespace Anovos.Mlflow.Projects;

/// <summary>A parameter of an entry point.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Type"><c>string</c>, <c>float</c>, <c>path</c> or <c>uri</c>; any other type counts as string.</param>
/// <param name="Default">The default value; null if a value is required.</param>
internal sealed record ProjectParameter(string Name, string Type, string? Default)
{
    /// <summary>The default without secrets, as recorded in the run.</summary>
    public string? Shown { get; init; }

    private static readonly Regex Scheme = new("^[A-Za-z][A-Za-z0-9+.-]*:", RegexOptions.CultureInvariant);

    /// <summary>Returns the value as the command gets it: a path is made absolute.</summary>
    /// <exception cref="MlflowException"><see cref="ErrorKind.InvalidValue"/> if the value does not have the type.</exception>
    public string Resolve(string value, string baseDirectory)
    {
        switch (Type)
        {
            case "float" when !PythonFloat.TryRead(value.Trim().TrimStart('+'), out _):
                throw Wrong(value, "must be a number (float), with a decimal point");
            case "uri" when !Scheme.IsMatch(value):
                throw Wrong(value, "must be a URI, such as s3://bucket/file");
            case "path":
                // A single letter before the colon is a drive.
                if (Scheme.Match(value) is { Success: true, Length: > 2 } && !value.StartsWith("file:", StringComparison.OrdinalIgnoreCase))
                    throw Wrong(value, "must be a local path; a URI is not downloaded");
                string path = LocalPath.Full(baseDirectory, LocalUri.ToPath(value));
                return File.Exists(path) || Directory.Exists(path) ? path : throw Wrong(value, $"must be a path, and {path} does not exist");
            default:
                return value;
        }
    }

    private MlflowException Wrong(string value, string wanted) => new(ErrorKind.InvalidValue, $"The value '{value}' does not fit the parameter '{Name}', which {wanted}.") { Target = Name };
}

/// <summary>An entry point of a project.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Command">The command; see <see cref="CommandTemplate"/>.</param>
/// <param name="Parameters">The parameters, in the order of the file.</param>
internal sealed record EntryPoint(string Name, string Command, IReadOnlyList<ProjectParameter> Parameters)
{
    /// <summary>Returns the program and its arguments, and the params that MLflow would record for them.</summary>
    /// <param name="given">The given values. Unknown names are appended to the command as <c>--name value</c>.</param>
    /// <param name="baseDirectory">The base of relative paths.</param>
    /// <exception cref="MlflowException"><see cref="ErrorKind.InvalidValue"/> for a missing value, one of the wrong type, or a command that needs a shell.</exception>
    public (IReadOnlyList<string> Arguments, IReadOnlyList<KeyValuePair<string, string>> Params) Compute(IReadOnlyList<KeyValuePair<string, string>> given, string baseDirectory)
    {
        Dictionary<string, string> values = given.ToDictionary(pair => pair.Key, pair => pair.Value, StringComparer.Ordinal);
        string[] missing = [.. Parameters.Where(parameter => parameter.Default is null && !values.ContainsKey(parameter.Name)).Select(parameter => $"'{parameter.Name}'")];
        if (missing.Length > 0)
            throw new MlflowException(ErrorKind.InvalidValue, $"The entry point '{Name}' needs a value for {string.Join(", ", missing)}. Give it with -Parameter.") { Target = Name };

        Dictionary<string, string> resolved = new(StringComparer.Ordinal);
        List<KeyValuePair<string, string>> recorded = [];
        foreach (ProjectParameter parameter in Parameters)
        {
            bool isGiven = values.TryGetValue(parameter.Name, out string? own);
            resolved[parameter.Name] = parameter.Resolve(isGiven ? own! : parameter.Default!, baseDirectory);
            recorded.Add(new(parameter.Name, CommandTemplate.Quote(isGiven ? own! : parameter.Shown!)));
        }

        KeyValuePair<string, string>[] unknown = [.. given.Where(pair => !resolved.ContainsKey(pair.Key))];
        recorded.AddRange(unknown.Select(pair => new KeyValuePair<string, string>(pair.Key, CommandTemplate.Quote(pair.Value))));
        return ([.. CommandTemplate.ToArguments(Command, resolved), .. unknown.SelectMany(pair => new[] { $"--{pair.Key}", pair.Value })], recorded);
    }
}
