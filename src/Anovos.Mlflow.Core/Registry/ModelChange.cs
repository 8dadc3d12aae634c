using Anovos.Mlflow.Tracking;

namespace Anovos.Mlflow.Registry;

/// <summary>A change of a registered model or of a version. A null stays as it is.</summary>
/// <param name="Description">The description; empty for none.</param>
/// <param name="Tags">Tags to set.</param>
/// <param name="RemovedTags">Names of tags to remove.</param>
public sealed record ModelChange(string? Description, IReadOnlyList<Tag> Tags, IReadOnlyList<string> RemovedTags)
{
    /// <summary>The new name of a model.</summary>
    public string? NewName { get; init; }

    /// <summary>The new stage of a version.</summary>
    public string? Stage { get; init; }

    /// <summary>Whether other versions in that stage are archived.</summary>
    public bool ArchiveExisting { get; init; }

    /// <summary>Whether it changes nothing.</summary>
    public bool IsNone => Description is null && Tags.Count == 0 && RemovedTags.Count == 0 && NewName is null && Stage is null;

    /// <summary>Changes a model and returns its name. The rename is last, because the other requests use the old name.</summary>
    public async Task<string> ApplyAsync(IModelRegistry registry, string name, CancellationToken cancellationToken)
    {
        if (Description is not null)
            await registry.Models.DescribeAsync(name, Description, cancellationToken).ConfigureAwait(false);
        foreach (Tag tag in Tags)
            await registry.Models.SetTagAsync(name, tag, cancellationToken).ConfigureAwait(false);
        foreach (string key in RemovedTags)
            await registry.Models.DeleteTagAsync(name, key, cancellationToken).ConfigureAwait(false);
        return NewName is null || NewName == name ? name : (await registry.Models.RenameAsync(name, NewName, cancellationToken).ConfigureAwait(false)).Name;
    }

    /// <summary>Changes a version. The stage is last, so that anyone watching stages sees the complete version.</summary>
    public async Task ApplyAsync(IModelRegistry registry, string name, long version, CancellationToken cancellationToken)
    {
        if (Description is not null)
            await registry.Versions.DescribeAsync(name, version, Description, cancellationToken).ConfigureAwait(false);
        foreach (Tag tag in Tags)
            await registry.Versions.SetTagAsync(name, version, tag, cancellationToken).ConfigureAwait(false);
        foreach (string key in RemovedTags)
            await registry.Versions.DeleteTagAsync(name, version, key, cancellationToken).ConfigureAwait(false);
        if (Stage is not null)
            await registry.Versions.MoveAsync(name, version, Stage, ArchiveExisting, cancellationToken).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public override string ToString() => string.Join(", ", Parts());

    private IEnumerable<string> Parts()
    {
        if (Description is not null)
            yield return "Change the description";
        if (Tags.Count > 0)
            yield return $"Set the tags {string.Join(", ", Tags.Select(tag => $"'{tag.Key}'"))}";
        if (RemovedTags.Count > 0)
            yield return $"Remove the tags {string.Join(", ", RemovedTags.Select(key => $"'{key}'"))}";
        if (NewName is not null)
            yield return $"Rename to '{NewName}'";
        if (Stage is not null)
            yield return $"Move to the stage {Stage}{(ArchiveExisting ? " and archive the versions there" : "")}";
    }
}
