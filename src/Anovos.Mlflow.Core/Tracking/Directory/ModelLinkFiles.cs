namespace Anovos.Mlflow.Tracking;

/// <summary>
/// The logged models of a run in a folder that MLflow 3 wrote: <c>inputs/&lt;hash&gt;/meta.yaml</c> names one that it reads,
/// <c>outputs/&lt;model&gt;/meta.yaml</c> is one that it made.
/// </summary>
internal static class ModelLinkFiles
{
    /// <summary>The models of the run in this folder. Who reads its datasets is told of inputs that cannot be read.</summary>
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
