using System.Text;

namespace Anovos.Mlflow.Tests.Robustness;

/// <summary>Changes a store as editors, other programs and accidents do.</summary>
/// <param name="root">The store.</param>
/// <param name="random">Chooses.</param>
internal sealed class StoreMutation(string root, Random random)
{
    /// <summary>What was done, for the message of a test that fails.</summary>
    public List<string> Done { get; } = [];

    /// <summary>Changes one thing that MLflow's own client still reads, or one that it does not read any more.</summary>
    public void Apply()
    {
        string[] metas = [.. Files("meta.yaml").Where(file => !file.Contains("inputs") && !file.Contains("datasets"))];
        string[] runs = [.. metas.Where(file => Path.GetFileName(Path.GetDirectoryName(file)!).Length == 32)];
        string meta = Any(metas), run = Any(runs);
        string[] metrics = [.. Files("*").Where(file => file.Contains($"{Path.DirectorySeparatorChar}metrics{Path.DirectorySeparatorChar}"))];
        string metric = Any(metrics);
        switch (random.Next(16))
        {
            case 0: Text(metric, text => text.TrimEnd('\n')); break;
            case 1: Text(metric, text => text.Replace("\n", "\r\n")); break;
            case 2: Text(metric, text => text + "\n\n"); break;
            case 3: Text(metric, text => text + $"no point {random.Next()}\n"); break;
            case 4: Text(metric, text => text + "1795514637200 +Inf 99"); break;
            case 5: Text(metric, text => "\ufeff" + text); break;
            case 6: Hidden(Path.GetDirectoryName(metric)!); break;
            case 7: Hidden(Path.Combine(Path.GetDirectoryName(run)!, "tags")); break;
            case 8: Text(meta, text => text[..random.Next(text.Length)]); break;
            case 9: Text(meta, text => text.TrimEnd('\n')); break;
            case 10: Text(meta, text => "\ufeff" + text); break;
            case 11: Text(meta, text => text.Replace("\n", "\r\n")); break;
            case 12: Text(meta, Flow); break;
            case 13: Text(run, text => Line(text, "start_time", line => line + ".0")); break;
            case 14: Text(run, text => Line(text, Any("status", "lifecycle_stage", "end_time", "user_id"), line => line.Split(':')[0] + ": '?")); break;
            default: Text(run, text => Line(text, "artifact_uri", _ => "artifact_uri: " + Any("", "''", "elsewhere", "/C:/x", "file://C:/x"))); break;
        }
    }

    private string[] Files(string pattern) =>
        [.. Directory.EnumerateFiles(root, pattern, SearchOption.AllDirectories).Order(StringComparer.Ordinal)];

    private string Any(params string[] values) => values[random.Next(values.Length)];

    private void Text(string file, Func<string, string> change)
    {
        string text = change(SharedFile.Read(file));
        File.WriteAllText(file, text, new UTF8Encoding(false));
        // So that nobody waits for its writer.
        File.SetLastWriteTimeUtc(file, DateTime.UtcNow.AddMinutes(-1));
        Done.Add($"{file}: {text}");
    }

    private void Hidden(string folder)
    {
        Directory.CreateDirectory(folder);
        File.WriteAllBytes(Path.Combine(folder, Any(".DS_Store", "._loss", ".loss.swp")), [0, 1, 2, 0xFF]);
        Done.Add($"a hidden file in {folder}");
    }

    private static string Line(string text, string field, Func<string, string> change) =>
        string.Join('\n', text.Split('\n').Select(line => line.StartsWith(field + ":", StringComparison.Ordinal) ? change(line) : line));

    private static string Flow(string text)
    {
        string[] lines = text.Split(['\r', '\n'], StringSplitOptions.RemoveEmptyEntries);
        bool isFlat = Array.TrueForAll(lines, line => line.Contains(": ") && line[0] != ' ' && line[0] != '{' && line.Count(c => c == '\'') is 0 or 2);
        return isFlat ? "{" + string.Join(", ", lines) + "}\n" : text;
    }
}
