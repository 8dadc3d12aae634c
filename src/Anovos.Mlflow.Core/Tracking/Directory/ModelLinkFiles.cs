namespace Anovos.Mlflow.Tracking;

/// <summary>
/// Reads the logged models of a run in a folder that MLflow 3 wrote: <c>inputs/&lt;hash&gt;/meta.yaml</c> names a model that the run reads,
/// and <c>outputs/&lt;model&gt;/meta.yaml</c> is a model that it created.
/// </summary>
internal static class ModelLinkFiles
{
    /// <summary>
    /// Returns the models of the run in this folder. Gives no warnings about inputs, because reading the datasets gives them.
    /// </summary>
    public static ModelLinks Read(string runFolder, Action<string> warn, CancellationToken cancellationToken)
    {
        List<string> inputs = [.. Metas(runFolder, InputFiles.Inputs, _ => { }, cancellationToken)
            .Where(meta => meta.Use.Find("source_type") == "MODEL")
            .Select(meta => meta.Use.Find("source_id"))
            .OfType<string>()];
        List<ModelOutput> outputs = [.. Metas(runFolder, "outputs", warn, cancellationToken)
            .Select(meta => new ModelOutput(meta.Id, meta.Use.Number("step") ?? 0))];
        if (inputs.Count + outputs.Count == 0)
            return ModelLinks.None;
        inputs.Sort(StringComparer.Ordinal);
        outputs.Sort((one, other) => string.CompareOrdinal(one.ModelId, other.ModelId));
        return new ModelLinks(inputs, outputs);
    }

    private static IEnumerable<(string Id, MetaFile Use)> Metas(
        string runFolder, string name, Action<string> warn, CancellationToken cancellationToken)
    {
        string folder = Path.Combine(runFolder, name);
        if (!Directory.Exists(folder))
            yield break;
        foreach (string link in Directory.EnumerateDirectories(folder))
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (ForeignFile.Skip(() => MetaFile.Read(link, warn), warn, link) is { } meta)
                yield return (Path.GetFileName(link), meta);
        }
    }
}
