using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Http;

namespace Anovos.Mlflow.TestServer;

/// <summary>The model registry of Unity Catalog, <c>/api/2.0/mlflow/unity-catalog/</c>. It has no stages, filters or orders.</summary>
/// <param name="options">The catalog; null for a workspace without it.</param>
/// <param name="cloud">The cloud of the default storage.</param>
/// <param name="storage">The default storage.</param>
internal sealed class UnityCatalogEndpoints(UnityCatalogOptions? options, CloudKind cloud, CloudStorage storage) : IWorkspaceEndpoints
{
    private const string Prefix = "/api/2.0/mlflow/unity-catalog/", Assignment = "/api/2.1/unity-catalog/current-metastore-assignment";
    private const string FilesEnabled = "registered-models:is-databricks-sdk-models-artifact-repository-enabled";
    private const int PageLength = 2;

    private readonly SortedDictionary<string, StoredModel> _models = new(StringComparer.Ordinal);
    private readonly HashSet<StoredModelVersion> _pending = [];
    private readonly Dictionary<StoredModel, Guid> _ids = [];
    private readonly Lock _lock = new();

    /// <summary>The models.</summary>
    public IReadOnlyList<StoredModel> Models
    {
        get
        {
            lock (_lock)
                return [.. _models.Values];
        }
    }

    /// <summary>The number of versions whose files are incomplete.</summary>
    public int Pending => _pending.Count;

    public async Task<bool> HandleAsync(HttpContext context, RecordedRequest recorded, string path)
    {
        if (path == Assignment)
        {
            if (options is null)
                throw new ApiException("RESOURCE_DOES_NOT_EXIST",
                    "METASTORE_DOES_NOT_EXIST: No metastore assigned for the current workspace.");
            await Answers.JsonAsync(context, Answers.Serialize(new { metastore_id = "m", default_catalog_name = options.DefaultCatalog }));
            return true;
        }

        bool isDefaultStorage = path is "/api/2.0/fs/create-upload-url" or "/api/2.0/fs/create-download-url";
        if (!isDefaultStorage && !path.StartsWith(Prefix, StringComparison.Ordinal))
            return false;
        if (options is null)
            throw new ApiException("METASTORE_DOES_NOT_EXIST", "No metastore assigned for the current workspace.");
        using var json = JsonDocument.Parse(recorded.Body.Length == 0 ? "{}"u8.ToArray() : recorded.Body);
        var request = new CatalogRequest(context.Request, json.RootElement);
        object answer;
        if (isDefaultStorage)
            answer = SignAddress(context.Request, request);
        else
        {
            lock (_lock)
                answer = Answer($"{context.Request.Method} {path[Prefix.Length..]}", request, path);
        }

        await Answers.JsonAsync(context, Answers.Serialize(answer));
        return true;
    }

    private object Answer(string operation, CatalogRequest request, string path) => operation switch
    {
        "GET " + FilesEnabled =>
            new { is_databricks_sdk_models_artifact_repository_enabled = options!.Storage == ModelStorageKind.FilesApi },
        "POST registered-models/create" => Create(request),
        "GET registered-models/search" => SearchModels(request),
        "GET registered-models/get" => Of(Model(request, "EXECUTE")),
        "PATCH registered-models/update" => Update(Model(request, "MANAGE"), request),
        "DELETE registered-models/delete" => Remove(Model(request, "MANAGE")),
        "POST registered-models/set-tag" => SetTag(Model(request, "APPLY TAG").TagValues, request),
        "DELETE registered-models/delete-tag" => DeleteTag(Model(request, "APPLY TAG").TagValues, request),
        "POST registered-models/alias" => SetAlias(Model(request, "MANAGE"), request),
        "DELETE registered-models/alias" => DeleteAlias(Model(request, "MANAGE"), request),
        "GET registered-models/alias" => Of(ByAlias(Model(request, "EXECUTE"), request.Text("alias"))),
        "POST model-versions/create" => CreateVersion(Model(request, "CREATE MODEL VERSION"), request),
        "GET model-versions/search" => SearchVersions(request),
        "GET model-versions/get" => Of(Version(request, "EXECUTE")),
        "PATCH model-versions/update" => Describe(Version(request, "MANAGE"), request),
        "DELETE model-versions/delete" => Remove(Version(request, "MANAGE")),
        "POST model-versions/set-tag" => SetTag(Version(request, "APPLY TAG").Version.TagValues, request),
        "DELETE model-versions/delete-tag" => DeleteTag(Version(request, "APPLY TAG").Version.TagValues, request),
        "GET model-versions/get-download-uri" => new { artifact_uri = Location(Version(request, "EXECUTE")) },
        "POST model-versions/generate-temporary-credentials" => Credentials(Version(request, "EXECUTE"), request),
        "POST model-versions/finalize" => Complete(Version(request, "CREATE MODEL VERSION")),
        _ => throw new ApiException("ENDPOINT_NOT_FOUND", $"No API found for '{operation.Split(' ')[0]} {path}'"),
    };

    private object Create(CatalogRequest request)
    {
        string name = Checked(request.Text("name"), "CREATE MODEL");
        if (_models.ContainsKey(name))
            throw new ApiException("RESOURCE_ALREADY_EXISTS", $"Routine or Model '{name}' already exists");
        var model = _models[name] = new StoredModel { Name = name, Description = request.Text("description") };
        AddTags(model.TagValues, request);
        _ids[model] = Guid.NewGuid();
        return Of(model);
    }

    private object SearchModels(CatalogRequest request)
    {
        if (request.Has("filter") || request.Has("order_by"))
            throw ApiException.Invalid("Argument 'filter' is unsupported for models in the Unity Catalog.");
        return Page("registered_models", _models.Values.Where(model => Lacks(model.Name, "EXECUTE") is null), request, model =>
            Fields(model, isListed: true));
    }

    private object SearchVersions(CatalogRequest request)
    {
        Match match = Regex.Match(request.Text("filter"), @"^name\s*=\s*'(?<name>(?:[^']|'')*)'$");
        if (!match.Success || request.Has("order_by"))
            throw ApiException.Invalid(
                $"Unsupported filter query : `{request.Text("filter")}`. Please specify your filter parameter in the format `name = "
                    + $"'model_name'`.");
        string name = match.Groups["name"].Value.Replace("''", "'", StringComparison.Ordinal);

        // In no order that a client could rely on.
        var found = _models.TryGetValue(name, out var model) && Lacks(name, "EXECUTE") is null ? model.Versions : [];
        return Page("model_versions", found, request, version => Fields((model!, version), isListed: true));
    }

    private object Update(StoredModel model, CatalogRequest request)
    {
        if (request.Has("description"))
            model.Description = request.Text("description");
        if (!request.Has("new_name"))
            return Of(model);
        string renamed = Checked(request.Text("new_name"), "CREATE MODEL");
        if (_models.ContainsKey(renamed))
            throw new ApiException("RESOURCE_ALREADY_EXISTS", $"Routine or Model '{renamed}' already exists");
        if (renamed[..renamed.LastIndexOf('.')] != model.Name[..model.Name.LastIndexOf('.')])
            throw ApiException.Invalid("Registered models cannot be moved to another schema.");
        _models.Remove(model.Name);
        model.Name = renamed;
        _models[renamed] = model;
        return Of(model);
    }

    private object Remove(StoredModel model)
    {
        _models.Remove(model.Name);
        return Answers.Empty;
    }

    private object Remove((StoredModel Model, StoredModelVersion Version) found)
    {
        found.Model.VersionList.Remove(found.Version);
        _pending.Remove(found.Version);
        foreach (string alias in found.Model.Aliases.Where(alias => alias.Value == found.Version.Version).Select(alias => alias.Key)
            .ToList())
            found.Model.AliasValues.Remove(alias);
        return Answers.Empty;
    }

    private object CreateVersion(StoredModel model, CatalogRequest request)
    {
        long number = 1 + model.Versions
            .Select(version => long.Parse(version.Version, CultureInfo.InvariantCulture)).DefaultIfEmpty(0).Max();
        if (request.Text("source").Length == 0)
            throw ApiException.Missing("source");
        var made = new StoredModelVersion
        {
            Version = number.ToString(CultureInfo.InvariantCulture),
            Source = request.Text("source"),
            RunId = request.Text("run_id"),
            Description = request.Text("description"),
        };
        AddTags(made.TagValues, request);
        model.VersionList.Add(made);
        _pending.Add(made);
        return Of((model, made));
    }

    private object Describe((StoredModel Model, StoredModelVersion Version) found, CatalogRequest request)
    {
        found.Version.Description = request.Text("description");
        return Of(found);
    }

    private object Complete((StoredModel Model, StoredModelVersion Version) found) => _pending.Remove(found.Version)
        ? Of(found)
        : throw new ApiException(
            "INVALID_PARAMETER_VALUE", $"Model version {found.Version.Version} is not in the PENDING_REGISTRATION state.");

    private object Credentials((StoredModel Model, StoredModelVersion Version) found, CatalogRequest request)
    {
        bool writes = request.Text("operation") switch
        {
            "MODEL_VERSION_OPERATION_READ_WRITE" => true,
            "MODEL_VERSION_OPERATION_READ" => false,
            var other => throw ApiException.Invalid($"Invalid value '{other}' for operation."),
        };
        if (writes && !_pending.Contains(found.Version))
            throw new ApiException("PERMISSION_DENIED",
                $"Model version {found.Version.Version} is READY, and its files cannot be changed.");
        object credentials = options!.Storage == ModelStorageKind.DefaultStorage
            ? new { storage_mode = "DEFAULT_STORAGE" }
            : options.Credentials!(writes);
        return new { credentials };
    }

    private object SignAddress(HttpRequest http, CatalogRequest request)
    {
        string path = request.Text("path");
        return options!.Storage == ModelStorageKind.DefaultStorage && path.StartsWith("/Models/", StringComparison.Ordinal)
            ? new { url = storage.Sign(http, path.TrimStart('/')), headers = Headers(cloud) }
            : throw new ApiException("PERMISSION_DENIED", $"The path {path} has no presigned URLs.");
    }

    private static object Headers(CloudKind cloud) => cloud switch
    {
        CloudKind.AzureBlob => new[] { new { name = "x-ms-blob-type", value = "BlockBlob" } },
        CloudKind.Google => new[] { new { name = "x-goog-content-length-range", value = "0,1099511627776" } },
        _ => Array.Empty<object>(),
    };

    private static object SetTag(OrderedDictionary<string, string> tags, CatalogRequest request)
    {
        tags[CheckedKey(request.Text("key"))] = request.Text("value");
        return Answers.Empty;
    }

    private static object DeleteTag(OrderedDictionary<string, string> tags, CatalogRequest request)
    {
        tags.Remove(request.Text("key"));
        return Answers.Empty;
    }

    private static void AddTags(OrderedDictionary<string, string> tags, CatalogRequest request)
    {
        foreach (var (key, value) in request.Tags())
            tags[CheckedKey(key)] = value;
    }

    private static string CheckedKey(string key) => key.AsSpan().IndexOfAny(".,-=/:") < 0
        ? key
        : throw ApiException.Invalid($"Tag key '{key}' is invalid: it must not contain any of . , - = / :");

    private object SetAlias(StoredModel model, CatalogRequest request)
    {
        string alias = request.Text("alias");
        if (!alias.All(c => char.IsAsciiLetterOrDigit(c) || c is '_' or '-') || alias.Equals("latest", StringComparison.OrdinalIgnoreCase))
            throw ApiException.Invalid($"'{alias}' is not a valid alias name.");
        model.AliasValues[alias] = Find(model, request.Text("version")).Version;
        return Answers.Empty;
    }

    private static object DeleteAlias(StoredModel model, CatalogRequest request)
    {
        model.AliasValues.Remove(request.Text("alias"));
        return Answers.Empty;
    }

    private (StoredModel Model, StoredModelVersion Version) ByAlias(StoredModel model, string alias) =>
        model.AliasValues.TryGetValue(alias, out string? version)
            ? (model, Find(model, version))
            : throw new ApiException("RESOURCE_DOES_NOT_EXIST", $"Alias '{alias}' does not exist on Routine or Model '{model.Name}'.");

    private StoredModel Model(CatalogRequest request, string privilege)
    {
        string name = Checked(request.Text("name"), privilege);
        return _models.GetValueOrDefault(name) ?? throw ApiException.NotFound($"Routine or Model '{name}' does not exist.");
    }

    private (StoredModel Model, StoredModelVersion Version) Version(CatalogRequest request, string privilege)
    {
        var model = Model(request, privilege);
        return (model, Find(model, request.Text("version")));
    }

    private static StoredModelVersion Find(StoredModel model, string version) => model.VersionList.Find(one => one.Version == version)
        ?? throw ApiException.NotFound($"Model version {version} of '{model.Name}' does not exist.");

    private string Checked(string name, string privilege)
    {
        string[] parts = name.Split('.');
        if (parts.Length != 3)
            throw ApiException.Invalid(
                $"Model name '{name}' is invalid. Please specify all three levels of the model in the form "
                    + $"`catalog_name.schema_name.model_name`");
        if (Lacks(name, privilege) is { } missing)
            throw new ApiException("PERMISSION_DENIED", $"User does not have {missing}.");
        if (!options!.Schemas.Contains($"{parts[0]}.{parts[1]}"))
        {
            throw options.Schemas.Any(schema => schema.StartsWith(parts[0] + ".", StringComparison.Ordinal))
                ? new ApiException("SCHEMA_DOES_NOT_EXIST", $"Schema '{parts[0]}.{parts[1]}' does not exist.")
                : new ApiException("CATALOG_DOES_NOT_EXIST", $"Catalog '{parts[0]}' does not exist.");
        }

        return name;
    }

    private string? Lacks(string name, string privilege)
    {
        string[] parts = name.Split('.');
        string[] needed =
        [
            $"USE CATALOG on Catalog '{parts[0]}'",
            $"USE SCHEMA on Schema '{parts[0]}.{parts[1]}'",
            privilege == "CREATE MODEL" ? $"CREATE MODEL on Schema '{parts[0]}.{parts[1]}'" : $"{privilege} on Routine or Model '{name}'",
        ];
        return needed.FirstOrDefault(options!.Missing.Contains);
    }

    private static Dictionary<string, object> Page<T>(string field, IEnumerable<T> all, CatalogRequest request, Func<T, object> write)
    {
        int first = int.TryParse(request.Text("page_token"), out int token) ? token : 0;
        List<T> rest = [.. all.Skip(first).Take(PageLength + 1)];
        Dictionary<string, object> answer = new() { [field] = rest.Take(PageLength).Select(write) };
        if (rest.Count > PageLength)
            answer["next_page_token"] = (first + PageLength).ToString(CultureInfo.InvariantCulture);
        return answer;
    }

    private static object Of(StoredModel model) => new { registered_model = Fields(model, isListed: false) };

    private object Of((StoredModel Model, StoredModelVersion Version) found) => new { model_version = Fields(found, isListed: false) };

    private static object Fields(StoredModel model, bool isListed) => new
    {
        name = model.Name,
        description = model.Description.Length == 0 ? null : model.Description,
        creation_timestamp = model.Time,
        last_updated_timestamp = model.Time,
        user_id = "ada@example.com",
        tags = isListed ? null : RunJson.Pairs(model.Tags),
        aliases = isListed || model.Aliases.Count == 0 ? null : model.Aliases
            .Select(alias => new { alias = alias.Key, version = alias.Value }),
    };

    private object Fields((StoredModel Model, StoredModelVersion Version) found, bool isListed)
    {
        (StoredModel model, StoredModelVersion version) = found;
        return new
        {
            name = model.Name,
            version = version.Version,
            creation_timestamp = version.Time,
            last_updated_timestamp = version.Time,
            user_id = "ada@example.com",
            description = version.Description.Length == 0 ? null : version.Description,
            source = version.Source,
            run_id = version.RunId.Length == 0 ? null : version.RunId,
            status = _pending.Contains(version) ? "PENDING_REGISTRATION" : "READY",
            storage_location = Location(found),
            tags = isListed ? null : RunJson.Pairs(version.Tags),
            aliases = isListed ? null : model.Aliases.Where(alias => alias.Value == version.Version)
                .Select(alias => alias.Key).ToArray() is { Length: > 0 } aliases ? aliases : null,
        };
    }

    private string Location((StoredModel Model, StoredModelVersion Version) found) =>
        $"{options!.StorageRoot}/{_ids[found.Model]}/{found.Version.Version}";

    /// <summary>The fields of a request, from its query or body.</summary>
    private sealed class CatalogRequest(HttpRequest request, JsonElement body)
    {
        public bool Has(string field) => request.Query.ContainsKey(field) || body.TryGetProperty(field, out _);

        public string Text(string field) => HttpMethods.IsGet(request.Method)
            ? request.Query[field].ToString()
            : body.TryGetProperty(field, out var value) ? value.GetString() ?? "" : "";

        public IEnumerable<(string Key, string Value)> Tags() => body.TryGetProperty("tags", out var tags)
            ? tags.EnumerateArray().Select(tag => (tag.GetProperty("key").GetString()!, tag.GetProperty("value").GetString()!))
            : [];
    }
}
