using System.Text.Json;
using Anovos.Mlflow.Configuration;
using Anovos.Mlflow.Tracking;
using Anovos.Mlflow.Yaml;

namespace Anovos.Mlflow.Workflow;

/// <summary>Lists the datasets that a workflow reads: each <c>read_dataset</c> of a step that runs.</summary>
public static class WorkflowInputs
{
    /// <summary>Returns the datasets, in file order. Datasets on this machine have a digest of their files.</summary>
    /// <param name="config">The workflow.</param>
    /// <param name="basePath">The workflow's working directory; null if it runs elsewhere and has no files on this machine.</param>
    /// <param name="limits">The limits of the run's store.</param>
    /// <param name="cancellationToken">Cancels the operation.</param>
    public static async Task<IReadOnlyList<DatasetInput>> OfAsync(
        AnovosConfig config, string? basePath, StoreLimits limits, CancellationToken cancellationToken)
    {
        List<DatasetInput> inputs = [];
        bool basicReport = config.Root.Mapping("anovos_basic_report")?["basic_report"] is { IsTruthy: true };
        foreach (YamlEntry block in config.Root.Entries.Where(block => !(basicReport && block.Key.Text == "drift_detector")))
        {
            foreach ((string step, YamlMapping reading) in Find(block.Key.Text, block.Value, depth: 0))
            {
                if (reading.Text("file_path") is { } path && OutputPath.Parse(path, basePath ?? Path.GetFullPath("/")) is { } parsed)
                {
                    bool isHere = basePath is not null && !parsed.IsRemote;
                    inputs.Add(await DescribeAsync(step, path, parsed, isHere, reading.Text("file_type"), limits, cancellationToken)
                        .ConfigureAwait(false));
                }
            }
        }

        return inputs;
    }

    // A dataset is in its block or one or two levels below: drift_detector.stability_index.dataset1.
    private static IEnumerable<(string Step, YamlMapping Reading)> Find(string step, YamlNode node, int depth)
    {
        if (node is not YamlMapping mapping || depth > 2)
            yield break;
        if (mapping.Mapping("read_dataset") is { } reading)
            yield return (step, reading);
        foreach ((string Step, YamlMapping Reading) found in mapping.Entries.SelectMany(entry => Find($"{step}.{entry.Key.Text}", entry.Value, depth + 1)))
            yield return found;
    }

    private static async Task<DatasetInput> DescribeAsync(
        string step, string path, OutputPath parsed, bool isHere, string? fileType, StoreLimits limits, CancellationToken cancellationToken)
    {
        string uri = Secrets.Clean(path);
        DatasetDigest? files = isHere ? await DatasetDigest.OfAsync(parsed.Value, cancellationToken).ConfigureAwait(false) : null;
        var profile = new Dictionary<string, object>();
        if (fileType is not null)
            profile["file_type"] = fileType;
        if (files is not null)
        {
            profile["files"] = files.Files;
            profile["bytes"] = files.Bytes;
            profile["digest_of"] = files.IsWhole ? "content" : "names, lengths and beginnings";
        }

        return new DatasetInput(
            Cut(step, limits.DatasetName),
            files?.Text ?? DatasetDigest.OfText(uri),
            parsed.IsRemote ? parsed.Value.Substring(0, parsed.Value.IndexOf(':')).ToLowerInvariant() : "local",
            JsonSerializer.Serialize(new { uri }))
        {
            Profile = profile.Count == 0 ? null : JsonSerializer.Serialize(profile),
            Tags = [new Tag(DatasetInput.ContextTag, Cut(Context(step), limits.InputTagValue))],
        };
    }

    // The role of the dataset in the run: input, concatenate, join, drift_statistics, stability_index.
    private static string Context(string step)
    {
        string[] parts = step.Split('.');
        string block = parts[0] == "drift_detector" && parts.Length > 1 ? parts[1] : parts[0];
        const string Suffix = "_dataset";
        return block.EndsWith(Suffix, StringComparison.Ordinal) ? block.Substring(0, block.Length - Suffix.Length) : block;
    }

    private static string Cut(string text, int length) => text.Length <= length ? text : text.Substring(0, length);
}
