namespace Anovos.Mlflow.Tracking;

/// <summary>Keeps exact copies of another registry's models and versions in a database: <see cref="IKeepsModels"/>.</summary>
internal static class SqliteKeptModels
{
    /// <summary>Creates the model, or updates the existing model of that name to match.</summary>
    public static void Keep(SqliteSession session, RegisteredModel model, bool isThere)
    {
        session.Execute(
            isThere
                ? "UPDATE registered_models AS m SET creation_time = $created, last_updated_time = $changed, description = $description "
                    + $"WHERE m.name = $name{session.Schema.AndInWorkspace("m")}"
                : "INSERT INTO registered_models (name, creation_time, last_updated_time, description) "
                    + "VALUES ($name, $created, $changed, $description)",
            ("$name", model.Name),
            ("$created", model.CreationTime?.ToUnixTimeMilliseconds()),
            ("$changed", model.LastUpdateTime?.ToUnixTimeMilliseconds()),
            ("$description", NullIfEmpty(model.Description)));
        foreach (KeyValuePair<string, string> tag in model.Tags)
            SqliteRegisteredModels.SetTag(session, model.Name, new Tag(tag.Key, tag.Value));
    }

    /// <summary>Creates the version, or updates the existing version with that number to match.</summary>
    /// <exception cref="MlflowException">
    /// <see cref="ErrorKind.InvalidValue"/> if the number belongs to a version of other origin.
    /// </exception>
    public static void Keep(SqliteSession session, ModelVersion version, ModelVersion? there)
    {
        if (there is not null && (there.CreationTime != version.CreationTime || there.RunId != version.RunId))
        {
            throw new MlflowException(
                ErrorKind.InvalidValue,
                $"{version.ModelUri} already exists and was not copied from {version.TrackingUri}, so the number is taken. Copy the model "
                + "without -KeepId, or to a database that does not have it.")
            { Target = version.ModelUri };
        }

        session.Execute(
            there is null
                ? """
                INSERT INTO model_versions (name, version, creation_time, last_updated_time, description, user_id, current_stage, source,
                    run_id, status, status_message, run_link, storage_location)
                VALUES ($name, $version, $created, $changed, $description, $user, $stage, $source, $run, $status, $message, $link,
                    $location)
                """
                : "UPDATE model_versions AS v SET last_updated_time = $changed, description = $description, current_stage = $stage, "
                    + "source = $source, status = $status, status_message = $message, storage_location = $location "
                    + $"WHERE v.name = $name AND v.version = $version{session.Schema.AndInWorkspace("v")}",
            ("$name", version.Name),
            ("$version", version.Version),
            ("$created", version.CreationTime?.ToUnixTimeMilliseconds()),
            ("$changed", version.LastUpdateTime?.ToUnixTimeMilliseconds()),
            ("$description", NullIfEmpty(version.Description)),
            ("$user", NullIfEmpty(version.UserId)),
            ("$stage", version.Stage),
            ("$source", NullIfEmpty(version.Source)),
            ("$run", NullIfEmpty(version.RunId)),
            ("$status", version.Status),
            ("$message", NullIfEmpty(version.StatusMessage)),
            ("$link", NullIfEmpty(version.RunLink)),
            ("$location", NullIfEmpty(version.StorageLocation)));
        foreach (KeyValuePair<string, string> tag in version.Tags)
            SqliteModelVersions.SetTag(session, version.Name, version.Version, new Tag(tag.Key, tag.Value));
    }

    private static string? NullIfEmpty(string text) => text.Length == 0 ? null : text;
}
