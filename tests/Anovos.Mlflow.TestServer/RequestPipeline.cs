using System.Net;
using Microsoft.AspNetCore.Http;

namespace Anovos.Mlflow.TestServer;

/// <summary>Passes a request through the server, to an endpoint or an error.</summary>
internal sealed class RequestPipeline
{
    private const string Api = "/api/2.0/mlflow/";

    private readonly TrackingServerOptions _options;
    private readonly TrackingState _state;
    private readonly ArtifactEndpoints _artifacts;
    private readonly MultipartEndpoints? _multipart;
    private readonly AccessControl _access;
    private readonly RequestReader _reader;
    private readonly DatabricksWorkspace? _workspace;
    private readonly LoggedModelEndpoints? _loggedModels;
    private readonly Dictionary<string, Endpoint> _table = [];

    public RequestPipeline(TrackingServerOptions options, TrackingState state, ArtifactStore store, MultipartEndpoints? multipart,
        SignedBucket? bucket, DatabricksWorkspace? workspace)
    {
        _workspace = workspace;
        _options = options;
        _state = state;
        _multipart = multipart;
        _access = new AccessControl(options);
        _reader = new RequestReader(options.Version);
        _artifacts = new ArtifactEndpoints(state, store, multipart, bucket);
        _artifacts.AddTo(_table);
        new ExperimentEndpoints(state).AddTo(_table);
        new RunEndpoints(state, options).AddTo(_table);
        new LogEndpoints(state).AddTo(_table);
        new ModelEndpoints(state).AddTo(_table);
        new ModelVersionEndpoints(state).AddTo(_table);
        if (options.Version >= MlflowVersion.V3_17)
            new PresignedUrlEndpoints(state, bucket).AddTo(_table);
        if (options.Version >= MlflowVersion.V3_11)
            _loggedModels = new LoggedModelEndpoints(state);
        _loggedModels?.AddTo(_table);
    }

    private string VersionText => _options.Version switch
    {
        MlflowVersion.V2_17 => "2.17.3.dev0",
        MlflowVersion.V3_11 => "3.11.2.dev0",
        _ => "3.17.2",
    };

    public async Task HandleAsync(HttpContext context, RecordedRequest recorded)
    {
        try
        {
            await RouteAsync(context, recorded);
        }
        catch (ApiException error)
        {
            await Answers.ErrorAsync(context, error, _options.Version);
        }

        recorded.Status = context.Response.StatusCode;
    }

    private async Task RouteAsync(HttpContext context, RecordedRequest recorded)
    {
        string path = RequestReader.PathOf(context.Request);
        if (_options.Version >= MlflowVersion.V3_11)
        {
            context.Response.Headers.XContentTypeOptions = "nosniff";
            context.Response.Headers.XFrameOptions = "SAMEORIGIN";
            if (!IsKnown(context.Request.Host.Host))
            {
                await Answers.WriteAsync(context, 403, "text/plain", "Invalid Host header - possible DNS rebinding attack detected");
                return;
            }
        }

        if (_multipart != null && MultipartEndpoints.IsBucket(path))
        {
            await _multipart.HandleBucketAsync(context, path);
            return;
        }

        if (!path.StartsWith(_options.PathPrefix + "/", StringComparison.Ordinal))
        {
            await Answers.PageAsync(context, 404);
            return;
        }

        path = path[_options.PathPrefix.Length..];
        context.Request.PathBase = _options.PathPrefix;
        if (_workspace != null && await _workspace.HandleAsync(context, recorded, path))
            return;
        if (path is "/health")
            await Answers.WriteAsync(context, 200, _options.Version < MlflowVersion.V3_17 ? Answers.Html : Answers.PlainText, "OK");
        else if (path is "/version")
            await Answers.TextAsync(context, 200, VersionText);
        else if (!_access.Authenticates(context.Request, out string? user))
            await _access.ChallengeAsync(context);
        else if (path.StartsWith("/api/2.0/mlflow-artifacts/", StringComparison.Ordinal))
            await ArtifactAsync(context, recorded, path, user);
        else if (path is "/get-artifact")
            await _artifacts.GetOfRunAsync(context);
        else if (path is "/api/3.0/mlflow/server-info" && _options.Version >= MlflowVersion.V3_11)
            await Answers.JsonAsync(context, Answers.Serialize(ServerInfo()));
        else
            await ApiAsync(context, recorded, path, user);
    }

    private async Task ArtifactAsync(HttpContext context, RecordedRequest recorded, string path, string? user)
    {
        string experimentId = (ArtifactEndpoints.PathOf(path) ?? "").Split('/')[0];
        StoredExperiment? experiment;
        lock (_state)
            experiment = _state.Experiments.GetValueOrDefault(experimentId);
        bool changes = HttpMethods.IsPut(context.Request.Method) || HttpMethods.IsDelete(context.Request.Method);
        if (!changes || experiment == null || _access.MayChange(user, experiment))
            await _artifacts.HandleAsync(context, recorded, path);
        else if (_options.Version >= MlflowVersion.V3_17 && HttpMethods.IsPut(context.Request.Method))
            await Answers.PlainTextAsync(context, 403, "Permission denied");
        else
            await Answers.TextAsync(context, 403, "Permission denied");
    }

    private async Task ApiAsync(HttpContext context, RecordedRequest recorded, string path, string? user)
    {
        string name = path.StartsWith(Api, StringComparison.Ordinal) ? path[Api.Length..] : "";
        bool createsUser = name == "users/create" && _options.Username != null && _access.IsAdmin(user);
        var endpoint = createsUser ? new Endpoint("POST", _ => Answers.Empty) : _table.GetValueOrDefault(name) ?? _loggedModels?.Find(name);
        if (endpoint == null)
        {
            await Answers.PageAsync(context, 404);
            return;
        }

        if (!endpoint.Takes(context.Request.Method))
        {
            context.Response.Headers.Allow = endpoint.Allow;
            await Answers.PageAsync(context, 405);
            return;
        }

        var message = _reader.Read(context.Request, recorded, endpoint.IsMetric, user);
        if (createsUser)
        {
            await _access.CreateUserAsync(context, message);
            return;
        }

        string? answer = null;
        lock (_state)
        {
            if (MaySee(message) && (!endpoint.Changes || MayChange(message)))
                answer = Answers.Serialize(Answer(endpoint, message));
        }

        await (answer == null ? Answers.TextAsync(context, 403, "Permission denied") : Answers.JsonAsync(context, answer));
    }

    private static object Answer(Endpoint endpoint, Message message)
    {
        foreach (var rule in endpoint.Rules)
            rule.Check(message.Json);
        return endpoint.Answer(message);
    }

    // 3.17 does not say whether a run is missing or belongs to another user.
    private bool MaySee(Message message)
    {
        string run = RunOf(message);
        return _options.Version < MlflowVersion.V3_17 || _access.IsAdmin(message.User) || run.Length == 0 || _state.Runs.ContainsKey(run);
    }

    private bool MayChange(Message message)
    {
        string experimentId = _state.Runs.TryGetValue(RunOf(message), out var found) ? found.ExperimentId : message.Text("experiment_id");
        return !_state.Experiments.TryGetValue(experimentId, out var experiment) || _access.MayChange(message.User, experiment);
    }

    private static string RunOf(Message message) => message.Has("run_id") ? message.Text("run_id") : message.Text("run_uuid");

    private object ServerInfo() => _options.Version < MlflowVersion.V3_17
        ? new { store_type = "SqlStore", workspaces_enabled = _options.HasWorkspaces }
        : new
        {
            store_type = "SqlStore",
            workspaces_enabled = _options.HasWorkspaces,
            trace_archival_enabled = false,
            multipart_uploads_enabled = _multipart != null,
            multipart_downloads_enabled = _multipart != null,
            presigned_upload_run_id_supported = true,
            presigned_upload_model_id_supported = true,
            features_enabled = new { gateway = true },
        };

    private static bool IsKnown(string host) =>
        host == "localhost" || (IPAddress.TryParse(host, out var address)
            && (IPAddress.IsLoopback(address) || address.GetAddressBytes() is [10, ..] or [192, 168, ..] or [172, >= 16 and < 32, ..]));
}
