namespace Anovos.Mlflow.TestServer;

/// <summary>The endpoints of experiments.</summary>
internal sealed class ExperimentEndpoints(TrackingState state)
{
    private const int SearchLimit = 50_000;

    public void AddTo(Dictionary<string, Endpoint> table)
    {
        var id = FieldRule.Text("experiment_id", isRequired: true);
        table["experiments/create"] = new("POST", Create, FieldRule.Text("name", isRequired: true), FieldRule.Text("artifact_location"))
        {
            Changes = false,
        };
        table["experiments/get"] = new("GET", request => Answer(state.Experiment(request.Text("experiment_id"))), id);
        table["experiments/get-by-name"] = new("GET", GetByName, FieldRule.Text("experiment_name", isRequired: true));
        table["experiments/search"] = new("GET|POST", Search) { Changes = false };
        table["experiments/update"] = new("POST", Update, id, FieldRule.Text("new_name", isRequired: true));
        table["experiments/set-experiment-tag"] = new("POST", SetTag, id, FieldRule.Text("key", isRequired: true), FieldRule.Text("value"));
        table["experiments/delete"] = new("POST", request => Move(request, "deleted"), id);
        table["experiments/restore"] = new("POST", request => Move(request, "active"), id);
    }

    private object Create(Message request)
    {
        string name = request.Text("name");
        if (name.Length > 500)
            throw ApiException.Invalid("'name' exceeds the maximum length of 500 characters");
        if (request.Text("artifact_location").AsSpan().IndexOfAny('#', ';') >= 0)
            throw ApiException.Invalid("'artifact_location' URL can't include fragments or params.");
        ThrowIfTaken(name);
        var experiment = state.AddExperiment(name, request.Text("artifact_location"), request.User);
        foreach (var tag in request.Messages("tags"))
            experiment.TagValues[tag.Text("key")] = tag.Text("value");
        return new { experiment_id = experiment.ExperimentId };
    }

    private object GetByName(Message request)
    {
        string name = request.Text("experiment_name");
        var found = state.Experiments.Values.FirstOrDefault(experiment => experiment.Name == name);
        return Answer(found ?? throw ApiException.NotFound($"Could not find experiment with name '{name}'"));
    }

    private object Search(Message request)
    {
        long most = request.Integer("max_results");
        if (most < 1 || most > SearchLimit)
        {
            throw ApiException.Invalid($"Invalid value {most} for parameter 'max_results' supplied. "
                + (most < 1 ? "It must be a positive integer" : $"It must be at most {SearchLimit}"));
        }

        string filter = request.Text("filter");
        string first = filter.Split(' ', '.', '=', '<', '>', '!')[0].Trim('`');
        string[] keys = state.Version < MlflowVersion.V3_17
            ? ["creation_time", "last_update_time", "name"]
            : ["name", "experiment_id", "creation_time", "last_update_time"];
        if (first is not ("" or "tags" or "tag" or "attributes" or "attribute") && !keys.Contains(first))
        {
            string valid = string.Join(", ", keys.Select(key => $"'{key}'"));
            throw ApiException.Invalid($"Invalid attribute key '{first}' specified. Valid keys are '{{{valid}}}'");
        }

        var matches = SearchFilter.Parse(filter);
        string view = request.Text("view_type");
        var found = state.Experiments.Values.Reverse()
            .Where(experiment => IsIn(view, experiment.LifecycleStage) && matches(Reader(experiment)));
        var (items, next) = Paging.Cut(SearchFilter.Order(found, request.Texts("order_by"), Reader), request, SearchLimit);
        return items.Count == 0 ? Answers.Empty : new { experiments = items.Select(Fields), next_page_token = next };
    }

    private object Update(Message request)
    {
        var experiment = state.Experiment(request.Text("experiment_id"));
        if (experiment.LifecycleStage != "active")
            throw new ApiException("INVALID_STATE", "Cannot rename a non-active experiment.");
        if (request.Text("new_name") != experiment.Name)
        {
            ThrowIfTaken(request.Text("new_name"));
            experiment.Name = request.Text("new_name");
            experiment.Touch();
        }

        return Answers.Empty;
    }

    private object SetTag(Message request)
    {
        state.ActiveExperiment(request.Text("experiment_id")).TagValues[request.Text("key")] = request.Text("value");
        return Answers.Empty;
    }

    private object Move(Message request, string stage)
    {
        var experiment = state.Experiment(request.Text("experiment_id"));
        if (experiment.LifecycleStage == stage)
            throw ApiException.NotFound($"No Experiment with id={experiment.ExperimentId} exists");
        experiment.LifecycleStage = stage;
        experiment.Touch();
        foreach (var run in state.Runs.Values.Where(run => run.ExperimentId == experiment.ExperimentId))
            run.LifecycleStage = stage;
        return Answers.Empty;
    }

    private void ThrowIfTaken(string name)
    {
        if (state.Experiments.Values.Any(experiment => experiment.Name == name))
        {
            throw new ApiException("RESOURCE_ALREADY_EXISTS", $"Experiment(name={name}) already exists. Error: "
                + "(sqlite3.IntegrityError) UNIQUE constraint failed: experiments.name\n[SQL: INSERT INTO experiments (name) VALUES (?)]");
        }
    }

    internal static bool IsIn(string view, string stage) => view switch
    {
        "ALL" => true,
        "DELETED_ONLY" => stage == "deleted",
        _ => stage == "active",
    };

    private static FieldReader Reader(StoredExperiment experiment) => (kind, key) => (kind, key) switch
    {
        ("tag", _) => experiment.Tags.GetValueOrDefault(key),
        (_, "name") => experiment.Name,
        (_, "experiment_id") => experiment.ExperimentId,
        (_, "creation_time") => (double)experiment.CreationTime,
        (_, "last_update_time") => (double)experiment.LastUpdateTime,
        _ => null,
    };

    private object Answer(StoredExperiment experiment) => new { experiment = Fields(experiment) };

    private object Fields(StoredExperiment experiment) => new
    {
        experiment_id = experiment.ExperimentId,
        name = experiment.Name,
        artifact_location = experiment.ArtifactLocation,
        lifecycle_stage = experiment.LifecycleStage,
        last_update_time = experiment.LastUpdateTime,
        creation_time = experiment.CreationTime,
        tags = RunJson.Pairs(experiment.Tags),
        workspace = state.Version >= MlflowVersion.V3_17 ? "default" : null,
    };
}
