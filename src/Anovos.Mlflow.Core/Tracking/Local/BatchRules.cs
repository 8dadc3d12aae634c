namespace Anovos.Mlflow.Tracking;

/// <summary>Refuses data that an MLflow server would refuse, so that a local store can be sent to a server later.</summary>
internal static class BatchRules
{
    /// <summary>Throws for a batch beyond the limits, an invalid key, a long value or a param given twice.</summary>
    /// <exception cref="MlflowException"><see cref="ErrorKind.InvalidValue"/></exception>
    public static void Check(this StoreLimits limits, RunData batch)
    {
        CheckCount("metrics", batch.Metrics.Count, limits.BatchMetrics);
        CheckCount("params", batch.Params.Count, limits.BatchParams);
        CheckCount("tags", batch.Tags.Count, limits.BatchTags);
        CheckCount("entries", batch.Count, limits.BatchTotal);

        var keys = new HashSet<string>(StringComparer.Ordinal);
        foreach (Param param in batch.Params)
        {
            CheckLength("param", param.Key, param.Value, limits.ParamValue);
            if (!keys.Add(param.Key))
                throw Refused(param.Key, $"The param '{param.Key}' is in the batch twice.");
        }

        limits.CheckTags(batch.Tags);
    }

    /// <summary>Throws for a key that MLflow refuses.</summary>
    /// <exception cref="MlflowException"><see cref="ErrorKind.InvalidValue"/></exception>
    public static void CheckKeys(this StoreLimits limits, string what, IEnumerable<string> keys)
    {
        foreach (string key in keys)
        {
            if (limits.WhyInvalidKey(key) is { } why)
                throw Refused(key, $"'{key}' cannot be the key of a {what}: {why}.");
        }
    }

    /// <summary>Throws for a tag with a long value.</summary>
    /// <exception cref="MlflowException"><see cref="ErrorKind.InvalidValue"/></exception>
    public static void CheckTags(this StoreLimits limits, IReadOnlyList<Tag> tags)
    {
        foreach (Tag tag in tags)
            CheckLength("tag", tag.Key, tag.Value, limits.TagValue);
    }

    /// <summary>Throws for an experiment that cannot be created.</summary>
    /// <exception cref="MlflowException"><see cref="ErrorKind.InvalidValue"/></exception>
    public static void CheckExperiment(this StoreLimits limits, NewExperiment experiment)
    {
        if (experiment.Name.Length == 0 || experiment.Name.Length > limits.ExperimentName)
        {
            throw Refused(experiment.Name,
                $"An experiment's name must have 1 to {limits.ExperimentName} characters; this one has {experiment.Name.Length}.");
        }

        CheckLocation(experiment);
        limits.CheckTags(experiment.Tags);
    }

    /// <summary>Throws for a relative artifact location, because its meaning depends on the current folder of the reader.</summary>
    /// <exception cref="MlflowException"><see cref="ErrorKind.InvalidValue"/></exception>
    public static void CheckLocation(NewExperiment experiment)
    {
        if (experiment.ArtifactLocation is { } location && !LocalUri.IsAbsolute(location))
            throw Refused(location, $"The artifact location '{location}' is relative. Give a URI or a full path.");
    }

    /// <summary>Throws for a dataset with a value that is longer than a server accepts.</summary>
    /// <exception cref="MlflowException"><see cref="ErrorKind.InvalidValue"/></exception>
    public static void CheckInput(this StoreLimits limits, DatasetInput input)
    {
        (string What, string Value, int Limit)[] parts =
        [
            ("name", input.Name, limits.DatasetName),
            ("digest", input.Digest, limits.DatasetDigest),
            ("source", input.Source, limits.DatasetSource),
            .. input.Tags.Select(tag => ($"tag '{tag.Key}'", tag.Value, limits.InputTagValue)),
        ];
        foreach ((string what, string value, int limit) in parts)
        {
            if (value.Length > limit)
                throw Refused(input.Name, $"The {what} of the dataset '{input.Name}' has {value.Length} characters; the limit is {limit}. Shorten it.");
        }
    }

    private static void CheckCount(string what, int count, int limit)
    {
        if (count > limit)
            throw new MlflowException(ErrorKind.InvalidValue, $"A batch can hold at most {limit} {what}; this one has {count}. Split it.");
    }

    private static void CheckLength(string what, string key, string value, int limit)
    {
        if (value.Length > limit)
            throw Refused(key, $"The value of the {what} '{key}' has {value.Length} characters; the limit is {limit}. Shorten it.");
    }

    private static MlflowException Refused(string target, string message) => new(ErrorKind.InvalidValue, message) { Target = target };
}
