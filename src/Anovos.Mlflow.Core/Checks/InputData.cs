using System.IO.Compression;
using Anovos.Mlflow.Configuration;
using Anovos.Mlflow.Tables;
using Anovos.Mlflow.Yaml;

namespace Anovos.Mlflow.Checks;

/// <summary>
/// Reads the columns of input data from one file per input. It reads only below the workflow's folder, never over the network.
/// </summary>
internal sealed class InputData(Findings findings, WorkflowCheckOptions options)
{
    private readonly string? _folder = options.BasePath is { } path && options.ReadsData ? Path.GetFullPath(path) : null;
    private readonly Dictionary<string, DataHeader?> _read = new(StringComparer.Ordinal);
    private bool _hasWarned;

    /// <summary>The columns that a <c>read_dataset</c> reads; null if they are unknown.</summary>
    public DataHeader? Columns(YamlMapping read, string path)
    {
        if (_folder is null || read["file_path"] is not YamlScalar { Kind: YamlKind.String } location || Find(location,
            path) is not { } file)
            return null;
        string format = (read.Text("file_type") ?? "").ToLowerInvariant();
        if (format == "parquet" && !ParquetHeader.IsSupported && !_hasWarned)
        {
            _hasWarned = true;
            findings.Warn(RuleIds.DataUnread, location.Position, $"{path}.file_path", "The columns of Parquet files are not checked.",
                "Windows PowerShell cannot read them.", "Run the check in PowerShell 7 as well.");
        }

        YamlMapping? configs = read.Mapping("file_configs");
        string key = $"{format} {file} {configs?.Position}";
        if (!_read.TryGetValue(key, out DataHeader? header))
            _read[key] = header = WithPartitions(file, Open(file, format, configs));
        return header;
    }

    // The first file with content; null if this machine has none.
    private string? Find(YamlScalar location, string path)
    {
        if (location.Text.IndexOfAny(['*', '?', '{', '[']) >= 0 || OutputPath.Parse(location.Text,
            _folder!) is not { IsRemote: false } place || !IsBelow(place.Value))
            return null;
        try
        {
            if (File.Exists(place.Value))
                return place.Value;
            if (Directory.Exists(place.Value) && FirstFile(place.Value) is { } first)
                return first;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return null;
        }

        // On a cluster, a path without a scheme is not on this machine.
        string what = Directory.Exists(place.Value) ? "contains no data" : "does not exist";
        if (options.RunType is null or "local")
        {
            findings.Error(RuleIds.DataMissing, location.Position, $"{path}.file_path",
                $"'{YamlScalar.Quote(location.Text)}' {what} below the folder of the workflow.",
                "stops when it reads the data: AnalysisException: Path does not exist.",
                    Nearest(place.Value) is { } near ? $"Write '{near}'." : "Check the path and -BasePath.");
        }

        return null;
    }

    // The existing path with the most similar name, relative to the workflow's folder with slashes.
    private string? Nearest(string full)
    {
        for (string? parent = Path.GetDirectoryName(full), name = Path.GetFileName(full); parent is not null && IsBelow(parent); (name,
            parent) = (Path.GetFileName(parent), Path.GetDirectoryName(parent)))
        {
            if (!Directory.Exists(parent))
                continue;
            string? near = Spelling.Nearest(name, Directory.EnumerateFileSystemEntries(parent).Select(entry => Path.GetFileName(entry)));
            string found = near is null ? "" : Path.Combine(parent, near);
            string rest = full.Substring(Path.Combine(parent, name).Length);
            return near is null || near == name || !(Directory.Exists(found + rest) || File.Exists(found + rest)) ? null
                : (found + rest).Substring(_folder!.Length).TrimStart(Path.DirectorySeparatorChar).Replace('\\', '/');
        }

        return null;
    }

    private bool IsBelow(string full)
    {
        string start = _folder!.TrimEnd(Path.DirectorySeparatorChar) + Path.DirectorySeparatorChar;
        return (full + Path.DirectorySeparatorChar).StartsWith(start,
            Path.DirectorySeparatorChar == '\\' ? StringComparison.OrdinalIgnoreCase : StringComparison.Ordinal);
    }

    // Spark skips names that begin with a dot or an underscore.
    private static string? FirstFile(string folder)
    {
        if (Directory.EnumerateFiles(folder).Where(IsData).OrderBy(file => file,
            StringComparer.Ordinal).FirstOrDefault(file => new FileInfo(file).Length > 0) is { } first)
            return first;
        return Directory.EnumerateDirectories(folder).Where(sub => IsData(sub) && Path.GetFileName(sub).Contains('='))
            .OrderBy(sub => sub, StringComparer.Ordinal).Select(FirstFile).FirstOrDefault(file => file is not null);
    }

    private static bool IsData(string path) => Path.GetFileName(path) is var name && name[0] is not ('.' or '_');

    // Folders such as 'year=2024' are columns.
    private DataHeader? WithPartitions(string file, DataHeader? header)
    {
        string[] partitions = [.. file.Substring(_folder!.Length).Split(Path.DirectorySeparatorChar).Where(part => part.IndexOf('=') > 0)
            .Select(part => part.Substring(0, part.IndexOf('=')))];
        return header is null || partitions.Length == 0 ? header : header with { Columns = [.. header.Columns, .. partitions] };
    }

    private static DataHeader? Open(string file, string format, YamlMapping? configs)
    {
        string extension = Path.GetExtension(file).ToLowerInvariant();
        if (extension is ".bz2" or ".snappy" or ".lz4" or ".zst" or ".deflate")
            return null;
        try
        {
            using var bytes = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            using Stream stream = extension == ".gz" ? new GZipStream(bytes, CompressionMode.Decompress) : bytes;
            return format switch
            {
                "csv" => Csv(stream, configs),
                "json" => IsOn(configs, "multiLine") ? null : JsonHeader.Read(stream),
                "avro" => AvroHeader.Read(stream),
                "parquet" => ParquetHeader.Read(bytes),
                "text" => new DataHeader(["value"]),
                _ => null,
            };
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or InvalidDataException)
        {
            return null;
        }
    }

    private static DataHeader? Csv(Stream stream, YamlMapping? configs)
    {
        // Options that change how lines are split or read.
        if (new[] { "comment", "encoding", "charset", "lineSep", "schema" }.Any(option => Option(configs, option) is not null))
            return null;
        string delimiter = Option(configs, "sep") ?? Option(configs, "delimiter") ?? ",";
        string quote = Option(configs, "quote") ?? "\"";
        return CsvHeader.Read(stream, delimiter == "\\t" ? "\t" : delimiter, quote.Length == 1 ? quote[0] : '\0', IsOn(configs, "header"));
    }

    private static string? Option(YamlMapping? configs, string name) => configs?.Entries
        .FirstOrDefault(entry => string.Equals(entry.Key.Text, name,
            StringComparison.OrdinalIgnoreCase))?.Value is YamlScalar { IsNull: false } value ? value.Value : null;

    private static bool IsOn(YamlMapping? configs, string name) => string.Equals(Option(configs, name), "true",
        StringComparison.OrdinalIgnoreCase);
}
