using Anovos.Mlflow.Artifacts;
using Anovos.Mlflow.Configuration;

namespace Anovos.Mlflow.Tests.Artifacts;

public class ArtifactPatternTests
{
    [Theory]
    [InlineData("data_ingest/join_dataset", "data_ingest/join_dataset")]
    [InlineData("data_ingest", "data_ingest/join_dataset")]
    [InlineData("data_transformer/*", "data_transformer/transformers/outlier_categories")]
    [InlineData("*/transformers/outlier_*", "data_transformer/transformers/outlier_categories")]
    [InlineData("**/outlier_categories", "data_transformer/transformers/outlier_categories")]
    [InlineData("**/dataset", "data_analyzer/quality_checker/x/dataset")]
    [InlineData("**", "a")]
    [InlineData("data_????st/*", "data_ingest/join_dataset")]
    [InlineData("./data_ingest//join_dataset/", "data_ingest/join_dataset")]
    [InlineData("data_ingest\\join_dataset", "data_ingest/join_dataset")]
    [InlineData("a*b*c", "aXbXbc")]
    public void A_pattern_selects(string pattern, string path) => Assert.True(ArtifactPattern.Parse(pattern).Selects(path));

    [Theory]
    [InlineData("data_ingest/join", "data_ingest/join_dataset")]
    [InlineData("join_dataset", "data_ingest/join_dataset")]
    [InlineData("*", "")]
    [InlineData("data_ingest/join_dataset/x", "data_ingest/join_dataset")]
    [InlineData("Data_Ingest", "data_ingest/join_dataset")]
    [InlineData("data_?", "data_ingest")]
    [InlineData("**/x", "data_ingest/join_dataset")]
    [InlineData("a*b*c", "aXbXbcX")]
    public void A_pattern_does_not_select(string pattern, string path) => Assert.False(ArtifactPattern.Parse(pattern).Selects(path));

    [Fact]
    public void Many_stars_take_no_longer()
    {
        var pattern = ArtifactPattern.Parse(string.Concat(Enumerable.Repeat("a*", 120)) + "b");
        Assert.False(pattern.Selects(new string('a', 100_000)));
        Assert.False(ArtifactPattern.Parse(string.Concat(Enumerable.Repeat("**/", 80)) + "b").Selects(string.Join("/",
            Enumerable.Repeat("a", 10_000))));
    }

    [Fact]
    public void What_is_no_pattern_is_refused_by_name()
    {
        var error = Assert.Throws<MlflowException>(() => ArtifactPattern.Parse("../x"));
        Assert.Equal((ErrorKind.InvalidValue, "../x"), (error.Kind, error.Target));
    }
}
