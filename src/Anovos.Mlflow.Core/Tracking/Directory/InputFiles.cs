using System.Security.Cryptography;
using System.Text.RegularExpressions;

namespace Anovos.Mlflow.Tracking;

/// <summary>
/// Reads and writes the datasets of runs: <c>&lt;experiment&gt;/datasets/&lt;id&gt;/meta.yaml</c> describes a dataset, and
/// <c>&lt;run&gt;/inputs/&lt;id&gt;/meta.yaml</c> says that the run reads it. The ids are MLflow's hashes, so that two writers agree.
/// </summary>
internal static class InputFiles
{
    /// <summary>The folder of a run's inputs: datasets, and models of MLflow 3.</summary>
    public const string Inputs = "inputs";

    private const string Datasets = "datasets";

    private static readonly Regex TagLines = new(@"^tags:[ ]*\n(?<lines>(?:[ ].*\n|\n)*)", RegexOptions.Multiline | RegexOptions.CultureInvariant);

    /// <summary>
    /// Returns the datasets of the run in this folder. Skips a dataset whose description is missing or broken, like MLflow.
    /// </summary>
    public static IReadOnlyList<DatasetInput> Read(string runFolder, Action<string> warn, CancellationToken cancellationToken)
    {
        string folder = Path.Combine(runFolder, Inputs);
        if (!Directory.Exists(folder))
            return [];
        List<DatasetInput> found = [];
        foreach (string input in Directory.EnumerateDirectories(folder))
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (ForeignFile.Skip(() => ReadOne(runFolder, input, warn, cancellationToken), warn, input) is { } dataset)
                found.Add(dataset);
        }

        found.Sort((one, other) => string.CompareOrdinal(one.Name, other.Name));
        return found;
    }

    /// <summary>Adds a dataset to the run in this folder. A dataset that the run already has does not change.</summary>
    public static void Write(string runFolder, DatasetInput input, CancellationToken cancellationToken)
    {
        string datasetId = Hash(input.Name + input.Digest);
        string dataset = DatasetFolder(runFolder, datasetId);
        if (!MetaFile.Exists(dataset))
        {
            MetaFile.Write(dataset, $"""
                digest: {FlatYamlText.Write(input.Digest)}
                name: {FlatYamlText.Write(input.Name)}
                profile: {OrNull(input.Profile)}
                schema: {OrNull(input.Schema)}
                source: {FlatYamlText.Write(input.Source)}
                source_type: {FlatYamlText.Write(input.SourceType)}

                """.Replace("\r\n", "\n"), cancellationToken);
        }

        string use = Path.Combine(runFolder, Inputs, Hash(datasetId + Path.GetFileName(runFolder)));
        if (MetaFile.Exists(use))
            return;
        string tags = input.Tags.Count == 0
            ? " {}\n"
            : "\n" + string.Concat(input.Tags.Select(tag => $"  {FlatYamlText.Write(tag.Key)}: {FlatYamlText.Write(tag.Value)}\n"));

        // MLflow also writes the dataset's id as the id of the destination, and reads neither.
        MetaFile.Write(use, $"""
            destination_id: {FlatYamlText.Write(datasetId)}
            destination_type: RUN
            source_id: {FlatYamlText.Write(datasetId)}
            source_type: DATASET
            tags:
            """.Replace("\r\n", "\n") + tags, cancellationToken);
    }

    private static DatasetInput? ReadOne(string runFolder, string inputFolder, Action<string> warn, CancellationToken cancellationToken)
    {
        MetaFile use = MetaFile.Read(inputFolder, warn, cancellationToken);
        if (use.Text("source_type") != "DATASET")
            return null;
        MetaFile dataset = MetaFile.Read(DatasetFolder(runFolder, use.Text("source_id")), warn, cancellationToken);
        return new DatasetInput(dataset.Text("name"), dataset.Text("digest"), dataset.Text("source_type"), dataset.Text("source"))
        {
            Schema = dataset.Find("schema"),
            Profile = dataset.Find("profile"),
            Tags = ReadTags(use),
        };
    }

    // This is the only nested value of the layout. Without its indentation, it is a flat mapping.
    private static IReadOnlyList<Tag> ReadTags(MetaFile use)
    {
        string lines = TagLines.Match(use.Content).Groups["lines"].Value;
        string flat = string.Join("\n", lines.Split('\n').Select(line => line.StartsWith("  ", StringComparison.Ordinal) ? line.Substring(2) : line));
        try
        {
            return [.. FlatYamlReader.Read(flat).Select(tag => new Tag(tag.Key, tag.Value ?? ""))];
        }
        catch (FormatException)
        {
            throw use.Invalid("has tags that cannot be read");
        }
    }

    // Uses only the last part of an id, so that an id in a foreign file cannot lead to another folder.
    private static string DatasetFolder(string runFolder, string datasetId) =>
        Path.Combine(Path.GetDirectoryName(runFolder)!, Datasets, Path.GetFileName(datasetId));

    private static string OrNull(string? text) => text is null ? "null" : FlatYamlText.Write(text);

    private static string Hash(string text)
    {
        using MD5 md5 = MD5.Create();
        return Hex.Of(md5.ComputeHash(SharedFile.Utf8.GetBytes(text)));
    }
}
