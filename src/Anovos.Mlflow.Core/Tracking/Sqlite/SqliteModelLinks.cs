namespace Anovos.Mlflow.Tracking;

/// <summary>Reads and writes the logged models that runs read and created: rows of <c>inputs</c> whose source is the run.</summary>
internal static class SqliteModelLinks
{
    private const string Input = "RUN_INPUT";
    private const string Output = "RUN_OUTPUT";

    /// <summary>Returns the models of each run in a JSON list.</summary>
    public static ModelLinks[] Read(SqliteSession session, string list, int count)
    {
        var found = new ModelLinks[count];
        for (int i = 0; i < count; i++)
            found[i] = ModelLinks.None;
        if (!session.Schema.HasLoggedModels)
            return found;
        var inputs = new Dictionary<int, List<string>>();
        var outputs = new Dictionary<int, List<ModelOutput>>();
        session.Read(
            $"""
            SELECT j.key, i.source_type, i.destination_id, i.step FROM json_each($ids) j
            CROSS JOIN inputs i ON i.source_type IN ('{Input}', '{Output}') AND i.source_id = j.value
            ORDER BY i.destination_id
            """,
            row =>
            {
                if (row.GetString(1) == Input)
                    Of(inputs, row.GetInt32(0)).Add(row.GetString(2));
                else
                    Of(outputs, row.GetInt32(0)).Add(new ModelOutput(row.GetString(2), row.GetInt64(3)));
            },
            ("$ids", list));
        foreach (int at in inputs.Keys.Union(outputs.Keys))
            found[at] = new ModelLinks(Of(inputs, at), Of(outputs, at));
        return found;
    }

    /// <summary>Adds models to a run. A model that the run already has does not change.</summary>
    public static void Write(SqliteSession session, string runId, ModelLinks links)
    {
        foreach (string model in links.Inputs)
            Write(session, Input, runId, "MODEL_INPUT", model, step: 0);
        foreach (ModelOutput model in links.Outputs)
            Write(session, Output, runId, "MODEL_OUTPUT", model.ModelId, model.Step);
    }

    private static void Write(SqliteSession session, string type, string runId, string modelType, string modelId, long step) =>
        session.Execute(
            """
            INSERT INTO inputs (input_uuid, source_type, source_id, destination_type, destination_id, step)
            VALUES ($uuid, $type, $run, $modelType, $model, $step)
            ON CONFLICT (source_type, source_id, destination_type, destination_id) DO NOTHING
            """,
            ("$uuid", Guid.NewGuid().ToString("N")),
            ("$type", type),
            ("$run", runId),
            ("$modelType", modelType),
            ("$model", modelId),
            ("$step", step));

    private static List<T> Of<T>(Dictionary<int, List<T>> lists, int at)
    {
        if (!lists.TryGetValue(at, out List<T>? list))
            lists.Add(at, list = []);
        return list;
    }
}
