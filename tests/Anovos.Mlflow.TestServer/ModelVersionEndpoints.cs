using System.Globalization;

namespace Anovos.Mlflow.TestServer;

/// <summary>The endpoints of the versions of registered models.</summary>
internal sealed class ModelVersionEndpoints(TrackingState state)
{
    public void AddTo(Dictionary<string, Endpoint> table)
    {
        var name = FieldRule.Text("name", isRequired: true);
        var version = FieldRule.Text("version", isRequired: true);
        table["model-versions/create"] = new("POST", Create, name, FieldRule.Text("source", isRequired: true));
        table["model-versions/get"] = new("GET", request => Answer(Find(request)), name, version);
        table["model-versions/search"] = new("GET", Search, FieldRule.Integer("max_results", most: 200_000));
        table["model-versions/update"] = new("PATCH", request => Change(request, found => found.Description = request.Text("description")), name, version);
        table["model-versions/delete"] = new("DELETE", Delete, name, version);
        table["model-versions/set-tag"] = new("POST", request => Touch(request, found => found.TagValues[request.Text("key")] = request.Text("value")), name, version);
        table["model-versions/delete-tag"] = new("DELETE", request => Touch(request, found => found.TagValues.Remove(request.Text("key"))), name, version);
        table["model-versions/transition-stage"] = new("POST", Move, name, version, FieldRule.Text("stage", isRequired: true));
        table["model-versions/get-download-uri"] = new("GET", request => new { artifact_uri = Root(Find(request).Version.Source) }, name, version);
    }

    public static (StoredModel Model, StoredModelVersion Version) Find(TrackingState state, string name, string version)
    {
        if (!long.TryParse(version, NumberStyles.None, CultureInfo.InvariantCulture, out _))
            throw ApiException.Invalid(state.Version == MlflowVersion.V2_17 ? $"Model version must be an integer, got '{version}'" : $"Parameter 'version' must be an integer, got '{version}'.");
        var model = state.Models.GetValueOrDefault(name);
        var found = model?.VersionList.Find(one => one.Version == version);
        return found != null ? (model!, found) : throw ApiException.NotFound($"Model Version (name={name}, version={version}) not found");
    }

    public static object Answer(StoredModel model, StoredModelVersion version) => new { model_version = Fields(model, version, withAliases: true) };

    public static object Fields(StoredModel model, StoredModelVersion version, bool withAliases)
    {
        var aliases = model.Aliases.Where(alias => withAliases && alias.Value == version.Version).Select(alias => alias.Key).ToList();
        return new
        {
            name = model.Name,
            version = version.Version,
            creation_timestamp = version.Time,
            last_updated_timestamp = version.Time,
            current_stage = version.Stage,
            description = version.Description,
            source = version.Source,
            run_id = version.RunId,
            status = "READY",
            run_link = "",
            tags = RunJson.Pairs(version.Tags),
            aliases = aliases.Count == 0 ? null : aliases,
        };
    }

    private object Create(Message request)
    {
        string name = request.Text("name"), source = request.Text("source");
        CheckSource(source, request.Text("run_id"));
        var model = state.Models.GetValueOrDefault(name) ?? throw ApiException.NotFound($"Registered Model with name={name} not found");
        long number = 1 + model.Versions.Select(version => long.Parse(version.Version, CultureInfo.InvariantCulture)).DefaultIfEmpty(0).Max();
        var made = new StoredModelVersion
        {
            Version = number.ToString(CultureInfo.InvariantCulture),
            Source = source,
            RunId = request.Text("run_id"),
            Description = request.Text("description"),
        };
        foreach (var tag in request.Messages("tags"))
            made.TagValues[tag.Text("key")] = tag.Text("value");
        model.VersionList.Add(made);
        return Answer(model, made);
    }

    private void CheckSource(string source, string runId)
    {
        bool isInRun = state.Runs.TryGetValue(runId, out var run)
            && $"{source}/".StartsWith($"{run.ArtifactUri}/", StringComparison.Ordinal);
        string? fault = source switch
        {
            ['/', ..] => "To use a local path as a model version source, the run_id request parameter has to be specified and the "
                + "local path has to be contained within the artifact directory of the run specified by the run_id.",
            _ when source.Contains("..", StringComparison.Ordinal) => "If supplying a source as an http, https, local file path, ftp, "
                + "objectstore, or mlflow-artifacts uri, an absolute path must be provided without relative path references present. "
                + "Please provide an absolute path.",
            _ when state.Version >= MlflowVersion.V3_17 && source.StartsWith("mlflow-artifacts:", StringComparison.Ordinal) && !isInRun =>
                "The run_id request parameter must identify the resource that contains the source.",
            _ => null,
        };
        if (fault != null)
            throw ApiException.Invalid($"Invalid model version source: '{source}'. {fault}");
    }

    private object Search(Message request)
    {
        var matches = SearchFilter.Parse(request.Text("filter"));
        var found = state.Models.Values.SelectMany(model => model.Versions.Reverse().Select(version => (Model: model, Version: version)))
            .Where(one => matches(Reader(one.Model, one.Version)));
        var (items, next) = Paging.Cut(found, request, 200_000);
        return items.Count == 0 ? Answers.Empty : new { model_versions = items.Select(one => Fields(one.Model, one.Version, withAliases: true)), next_page_token = next };
    }

    private object Change(Message request, Action<StoredModelVersion> change)
    {
        var found = Find(request);
        change(found.Version);
        return Answer(found);
    }

    private object Touch(Message request, Action<StoredModelVersion> change)
    {
        change(Find(request).Version);
        return Answers.Empty;
    }

    private object Delete(Message request)
    {
        var (model, version) = Find(request);
        model.VersionList.Remove(version);
        foreach (string alias in model.Aliases.Where(alias => alias.Value == version.Version).Select(alias => alias.Key).ToList())
            model.AliasValues.Remove(alias);
        return Answers.Empty;
    }

    private object Move(Message request)
    {
        string stage = request.Text("stage");
        if (stage is not ("None" or "Staging" or "Production" or "Archived"))
            throw ApiException.Invalid($"Invalid Model Version stage: {stage}. Value must be one of None, Staging, Production, Archived.");
        var found = Find(request);
        foreach (var other in found.Model.VersionList.Where(other => request.Flag("archive_existing_versions") && other.Stage == stage && other != found.Version))
            other.Stage = "Archived";
        found.Version.Stage = stage;
        return Answer(found);
    }

    // 3.11 returns the location of a logged model; 2.17 returns the given source.
    private string Root(string source) =>
        source.StartsWith("models:/", StringComparison.Ordinal) && state.LoggedModels.TryGetValue(source["models:/".Length..], out var logged) ? logged.ArtifactUri : source;

    private (StoredModel Model, StoredModelVersion Version) Find(Message request) => Find(state, request.Text("name"), request.Text("version"));

    private static object Answer((StoredModel Model, StoredModelVersion Version) found) => Answer(found.Model, found.Version);

    private static FieldReader Reader(StoredModel model, StoredModelVersion version) => (kind, key) => (kind, key) switch
    {
        ("tag", _) => version.Tags.GetValueOrDefault(key),
        (_, "name") => model.Name,
        (_, "run_id") => version.RunId,
        (_, "source_path") => version.Source,
        _ => throw ApiException.Invalid($"Invalid attribute key '{key}' specified."),
    };
}
