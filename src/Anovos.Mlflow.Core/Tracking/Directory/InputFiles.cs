using System.Security.Cryptography;
using System.Text.RegularExpressions;

namespace Anovos.Mlflow.Tracking;

/// <summary>
/// The datasets that runs read: <c>&lt;experiment&gt;/datasets/&lt;id&gt;/meta.yaml</c> says what one is, and
/// <c>&lt;run&gt;/inputs/&lt;id&gt;/meta.yaml</c> that the run reads it. The ids are MLflow's hashes, so that two writers agree.
/// </summary>
internal static class InputFiles
{
    /// <summary>The folder in a run's with what it reads: datasets, and models of MLflow 3.</summary>
    public const string Inputs = "inputs";

    private const string Datasets = "datasets";

    private static readonly Regex TagLines = new(@"^tags:[ ]*\n(?<lines>(?:[ ].*\n|\n)*)", RegexOptions.Multiline | RegexOptions.CultureInvariant);

    /// <summary>The datasets of the run in this folder; one whose description is missing or broken is passed over, as MLflow does.</summary>
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

    /// <summary>Adds a dataset to the run in this folder; one that is there stays as it is.</summary>
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

        // MLflow writes the dataset's id as that of the destination, too, and reads neither.
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

    // The only nested value of the layout: without its indentation it is a flat mapping again.
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

    // The ids in a file of others lead nowhere else.
    private static string DatasetFolder(string runFolder, string datasetId) =>
        Path.Combine(Path.GetDirectoryName(runFolder)!, Datasets, Path.GetFileName(datasetId));

    private static string OrNull(string? text) => text is null ? "null" : FlatYamlText.Write(text);

    private static string Hash(string text)
    {
        using MD5 md5 = MD5.Create();
        return Hex.Of(md5.ComputeHash(SharedFile.Utf8.GetBytes(text)));
    }
}
