using Anovos.Mlflow.Tracking;

namespace Anovos.Mlflow.Tests.Tracking;

public class RunFilterTests
{
    private readonly Run _run = new()
    {
        RunId = "abc123",
        ExperimentId = "1",
        RunName = "nightly run",
        UserId = "root",
        Status = RunStatus.Finished,
        StartTime = DateTimeOffset.FromUnixTimeMilliseconds(1000),
        ArtifactUri = "file:///srv/x",
        Params = new Dictionary<string, string> { ["model"] = "tree", ["a b"] = "x", ["read.path"] = "data/it's" },
        Metrics = new Dictionary<string, double> { ["rmse"] = 0.5, ["counts/age"] = 3, ["bad"] = double.NaN, ["größe"] = 2 },
        Inputs =
        [
            new DatasetInput("income", "d1", "local", "{}") { Tags = [new(DatasetInput.ContextTag, "train"), new("note", "test")] },
            new DatasetInput("other", "d2", "s3", "{}"),
        ],
        Tags = new Dictionary<string, string> { ["mlflow.user"] = "alice", ["team"] = "Ops", ["lines"] = "a\nb" },
    };

    [Theory]
    [InlineData("metrics.rmse = 0.5", true)]
    [InlineData("metrics.rmse=.5", true)]
    [InlineData("metric.rmse >= 5e-1 AND metrics.rmse<=0.5", true)]
    [InlineData("metrics.rmse > -1", true)]
    [InlineData("metrics.rmse < 0.5", false)]
    [InlineData("metrics.größe > 1", true)]
    [InlineData("metrics.\"counts/age\" = 3", true)]
    [InlineData("metrics.`counts/age` != 3", false)]
    [InlineData("metrics.bad = 1", false)]
    [InlineData("metrics.bad != 1", true)]
    [InlineData("metrics.missing != 1", false)]
    [InlineData("params.model = 'tree'", true)]
    [InlineData("param.model = \"tree\"", true)]
    [InlineData("parameter.model != 'tree'", false)]
    [InlineData("parameters.\"a b\" = 'x'", true)]
    [InlineData("params.read.path = \"data/it's\"", true)]
    [InlineData("params.missing != 'x'", false)]
    [InlineData("params.missing IS NULL", true)]
    [InlineData("tags.team is not null", true)]
    [InlineData("tags.`mlflow.user` LIKE 'al%'", true)]
    [InlineData("tags.mlflow.user like '%c_'", true)]
    [InlineData("tag.team LIKE 'ops'", false)]
    [InlineData("tags.team ILIKE 'o_S'", true)]
    [InlineData("tags.lines LIKE 'a%b'", true)]
    [InlineData("attributes.status = 'FINISHED'", true)]
    [InlineData("attribute.status = 'FAILED'", false)]
    [InlineData("attr.`status` != 'FAILED'", true)]
    [InlineData("run.user_id = 'root'", true)]
    [InlineData("status = 'FINISHED' and user_id = 'root' AND artifact_uri LIKE 'file:%'", true)]
    [InlineData("run_name = 'nightly run'", true)]
    [InlineData("run name = 'nightly run'", true)]
    [InlineData("attributes.\"Run name\" LIKE 'night%'", true)]
    [InlineData("start_time >= 1000", true)]
    [InlineData("created > 1000", false)]
    [InlineData("end_time > 0", false)]
    [InlineData("run_id IN ('abc123', \"other\")", true)]
    [InlineData("attributes.run_id NOT IN ('abc123')", false)]
    [InlineData("run_id not in('x')", true)]
    [InlineData("metrics.'counts/age' = 3", true)]
    [InlineData("metrics.\"`counts/age`\" = 3", true)]
    [InlineData("attribute.'status' = 'FINISHED'", true)]
    [InlineData("`metrics`.`counts/age` = 3", true)]
    [InlineData("`tags`.team = 'Ops'", true)]
    [InlineData("`status` = 'FINISHED'", true)]
    [InlineData("dataset.name = 'income'", true)]
    [InlineData("datasets.name = 'incom'", false)]
    [InlineData("dataset.`name` != 'income'", true)]
    [InlineData("dataset.name != 'other' AND dataset.name != 'income'", true)]
    [InlineData("dataset.name LIKE 'inc%' and dataset.digest = 'd2'", true)]
    [InlineData("dataset.context = 'train' and dataset.name = 'other' and metrics.rmse > 0", true)]
    [InlineData("dataset.name LIKE 'INC%'", false)]
    [InlineData("dataset.name ILIKE 'INC%'", true)]
    [InlineData("dataset.name IN ('x', 'other')", true)]
    [InlineData("dataset.name NOT IN ('income', 'other')", false)]
    [InlineData("dataset.digest NOT IN ('d1')", true)]
    [InlineData("dataset.context = 'train'", true)]
    [InlineData("dataset.context != 'train'", false)]
    [InlineData("dataset.context LIKE 't_ain'", true)]
    [InlineData("dataset.context IN ('test', \"train\")", true)]
    [InlineData("dataset.\"context\" NOT IN ('train')", false)]
    [InlineData("", true)]
    [InlineData("  ", true)]
    [InlineData(null, true)]
    public void A_run_passes_the_filter_or_not(string? filter, bool expected) => Assert.Equal(expected, RunFilter.Parse(filter).Matches(_run));

    [Theory]
    [InlineData("metrics.rmse >", "at its end", "a number is expected")]
    [InlineData("metrics.rmse > '1'", "position 16", "a number is expected")]
    [InlineData("metrics.rmse LIKE 'x'", "position 14", "=, !=, <, <=, > or >=")]
    [InlineData("metrics. = 1", "position 10", "a name is expected after 'metrics.'")]
    [InlineData("metrics.a/b = 1", "position 10", "in quotes, as in metrics.\"a/b\"")]
    [InlineData("params.model > 'a'", "position 14", "=, !=, LIKE or ILIKE")]
    [InlineData("params.model = tree", "position 16", "a text in quotes")]
    [InlineData("params.model = 'tree", "position 16", "not closed")]
    [InlineData("params.model = 'it''s'", "position 20", "AND or the end")]
    [InlineData("params.model IN ('a')", "position 17", "only run_id")]
    [InlineData("params.a = 'x' OR params.a = 'y'", "position 16", "OR is not supported, only AND")]
    [InlineData("(params.a = 'x')", "position 1", "a name is expected")]
    [InlineData("params.a = 'x' AND", "at its end", "a name is expected")]
    [InlineData("params.a = 'x' params.b = 'y'", "position 16", "AND or the end")]
    [InlineData("experiment_id = '1'", "position 1", "the attributes are run_id, run_name, status")]
    [InlineData("Metrics.rmse > 1", "position 1", "is not metrics, params, tags, attributes or dataset")]
    [InlineData("datasets.size = 'x'", "position 1", "it has name, digest and context")]
    [InlineData("dataset.name > 'x'", "position 14", "LIKE or ILIKE, IN or NOT IN")]
    [InlineData("dataset.name = 1", "position 16", "a text in quotes")]
    [InlineData("dataset.name IN 'x'", "position 17", "as ('a', 'b')")]
    [InlineData("dataset.name IS NULL", "position 14", "LIKE or ILIKE, IN or NOT IN")]
    [InlineData("tags.team IN ('a')", "position 14", "only run_id and the fields of a dataset")]
    [InlineData("start_time > 1.5", "position 14", "a whole number")]
    [InlineData("run_id IN 'a'", "position 11", "as ('a', 'b')")]
    [InlineData("run_id IN ('a'", "at its end", "',' or ')'")]
    [InlineData("run_id NOT 'a'", "position 12", "is expected")]
    [InlineData("status IS NULL", "position 8", "=, !=, LIKE or ILIKE")]
    public void A_filter_that_cannot_be_read_says_where_and_what_is_allowed(string filter, string where, string why)
    {
        var failure = Assert.Throws<MlflowException>(() => RunFilter.Parse(filter));

        Assert.Equal(ErrorKind.InvalidValue, failure.Kind);
        Assert.Contains(where, failure.Message, StringComparison.Ordinal);
        Assert.Contains(why, failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_pattern_made_to_take_forever_takes_no_time()
    {
        string text = new('a', 8000);
        string pattern = string.Concat(Enumerable.Repeat("%a", 200)) + "%b";

        Assert.False(new LikePattern(pattern, ignoreCase: true).Matches(text));
    }

    [Theory]
    [InlineData("", "", true)]
    [InlineData("", "a", false)]
    [InlineData("%", "", true)]
    [InlineData("_", "", false)]
    [InlineData("a%", "a", true)]
    [InlineData("%a%b%", "xxaxxbxx", true)]
    [InlineData("a%b", "acbcbd", false)]
    [InlineData("a.c", "abc", false)]
    [InlineData("%%a", "ba", true)]
    public void A_pattern_fits_the_whole_text(string pattern, string text, bool expected) =>
        Assert.Equal(expected, new LikePattern(pattern, ignoreCase: false).Matches(text));
}
