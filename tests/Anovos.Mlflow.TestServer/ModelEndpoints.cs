namespace Anovos.Mlflow.TestServer;

/// <summary>The endpoints of registered models and their aliases.</summary>
internal sealed class ModelEndpoints(TrackingState state)
{
    public void AddTo(Dictionary<string, Endpoint> table)
    {
        var name = FieldRule.Text("name", isRequired: true);
        table["registered-models/create"] = new("POST", Create, name);
        table["registered-models/get"] = new("GET", request => Answer(Model(request)), name);
        table["registered-models/search"] = new("GET", Search, FieldRule.Integer("max_results", most: 1000));
        table["registered-models/update"] = new("PATCH", Update, name);
        table["registered-models/rename"] = new("POST", Rename, name);
        table["registered-models/delete"] = new("DELETE", Delete, name);
        table["registered-models/set-tag"] = new("POST", SetTag, name, FieldRule.Text("key", isRequired: true));
        table["registered-models/delete-tag"] = new("DELETE", DeleteTag, name);
        table["registered-models/alias"] = new("GET|POST|DELETE", Alias, name, FieldRule.Text("alias", isRequired: true));
    }

    private object Create(Message request)
    {
        string name = request.Text("name");
        if (state.Version >= MlflowVersion.V3_11 && name.AsSpan().IndexOfAny('/', ':') >= 0)
            throw ApiException.Invalid($"Invalid model name '{name}'. Names cannot contain '/' or ':'.");
        ThrowIfTaken(name);
        var model = state.Models[name] = new StoredModel { Name = name, Description = request.Text("description") };
        foreach (var tag in request.Messages("tags"))
            model.TagValues[tag.Text("key")] = tag.Text("value");
        return Answer(model);
    }

    private object Search(Message request)
    {
        var matches = SearchFilter.Parse(request.Text("filter"));
        var found = state.Models.Values.Where(model => matches(Reader(model))).OrderBy(model => model.Name, StringComparer.Ordinal);
        var (items, next) = Paging.Cut(found, request, 100);
        return items.Count == 0 ? Answers.Empty : new { registered_models = items.Select(Fields), next_page_token = next };
    }

    private object Update(Message request)
    {
        Model(request).Description = request.Text("description");
        return Answer(Model(request));
    }

    private object Rename(Message request)
    {
        var model = Model(request);
        ThrowIfTaken(request.Text("new_name"));
        state.Models.Remove(model.Name);
        model.Name = request.Text("new_name");
        state.Models[model.Name] = model;
        return Answer(model);
    }

    private object Delete(Message request)
    {
        state.Models.Remove(Model(request).Name);
        return Answers.Empty;
    }

    private object SetTag(Message request)
    {
        Model(request).TagValues[request.Text("key")] = request.Text("value");
        return Answers.Empty;
    }

    private object DeleteTag(Message request)
    {
        Model(request).TagValues.Remove(request.Text("key"));
        return Answers.Empty;
    }

    private object Alias(Message request)
    {
        string alias = request.Text("alias");
        var model = Model(request);
        switch (request.Method)
        {
            case "DELETE":
                model.AliasValues.Remove(alias);
                return Answers.Empty;
            case "POST":
                if (!alias.All(c => char.IsAsciiLetterOrDigit(c) || c is '_' or '-'))
                    throw ApiException.Invalid($"Invalid alias name: '{alias}'. Names may only contain alphanumerics, underscores (_), and dashes (-).");
                if (alias.Equals("latest", StringComparison.OrdinalIgnoreCase))
                    throw ApiException.Invalid("'latest' alias name (case insensitive) is reserved.");
                model.AliasValues[alias] = ModelVersionEndpoints.Find(state, model.Name, request.Text("version")).Version.Version;
                return Answers.Empty;
            default:
                return model.AliasValues.TryGetValue(alias, out string? version)
                    ? ModelVersionEndpoints.Answer(model, model.VersionList.Single(one => one.Version == version))
                    : throw ApiException.Invalid($"Registered model alias {alias} not found.");
        }
    }

    private void ThrowIfTaken(string name)
    {
        if (state.Models.ContainsKey(name))
            throw new ApiException("RESOURCE_ALREADY_EXISTS", $"Registered Model (name={name}) already exists." + (state.Version == MlflowVersion.V2_17 ? " Error: (sqlite3.IntegrityError) UNIQUE constraint failed: registered_models.name\n[SQL: INSERT INTO registered_models (name) VALUES (?)]" : ""));
    }

    private StoredModel Model(Message request) => state.Models.GetValueOrDefault(request.Text("name"))
        ?? throw ApiException.NotFound($"Registered Model with name={request.Text("name")} not found");

    private static FieldReader Reader(StoredModel model) => (kind, key) => (kind, key) switch
    {
        ("tag", _) => model.Tags.GetValueOrDefault(key),
        (_, "name") => model.Name,
        _ => throw ApiException.Invalid($"Invalid attribute key '{key}' specified."),
    };

    private static object Answer(StoredModel model) => new { registered_model = Fields(model) };

    private static object Fields(StoredModel model)
    {
        var latest = model.Versions.GroupBy(version => version.Stage).Select(stage => ModelVersionEndpoints.Fields(model, stage.Last(), withAliases: false)).ToList();
        return new
        {
            name = model.Name,
            creation_timestamp = model.Time,
            last_updated_timestamp = model.Time,
            description = model.Description.Length == 0 ? null : model.Description,
            latest_versions = latest.Count == 0 ? null : latest,
            tags = RunJson.Pairs(model.Tags),
            aliases = model.Aliases.Count == 0 ? null : model.Aliases.Select(alias => new { alias = alias.Key, version = alias.Value }),
        };
    }
}
