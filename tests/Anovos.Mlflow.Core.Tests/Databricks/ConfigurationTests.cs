using System.Text.Json.Nodes;
using Anovos.Mlflow.TestServer;

namespace Anovos.Mlflow.Tests.Databricks;

/// <summary>Runs the configurations of Databricks' own tests: the result is the same, or differs for a documented reason.</summary>
public sealed class ConfigurationTests
{
    public static TheoryData<string> Names => [.. Configuration.All.Select(row => row.Name)];

    [Theory]
    [MemberData(nameof(Names))]
    public async Task A_configuration_does_what_the_data_says(string name)
    {
        Configuration row = Configuration.All.Single(row => row.Name == name);
        await using SignInFixture fixture = await SignInFixture.StartAsync(new WorkspaceOptions { Scope = Scope(row) });
        JsonObject actual = await new ConfigurationRunner(fixture, row).RunAsync();
        foreach (KeyValuePair<string, JsonNode?> expected in row.Ours ?? row.Sdk)
        {
            Assert.True(
                JsonNode.DeepEquals(expected.Value, actual.TryGetPropertyValue(expected.Key, out JsonNode? value) ? value : "absent"),
                $"{expected.Key} is not {expected.Value?.ToJsonString() ?? "null"} in {actual.ToJsonString()}");
        }
    }

    [Fact]
    public void Most_agree_with_the_SDKs_and_each_other_one_has_its_reason()
    {
        Configuration[] different = [.. Configuration.All.Where(row => row.Ours is not null)];
        Assert.Equal((300, 251), (Configuration.All.Count, Configuration.All.Count - different.Length));
        Assert.All(different, row => Assert.True(row.Why is { Length: > 20 }, row.Name));
        Assert.All(different, row => Assert.False(JsonNode.DeepEquals(row.Ours, row.Sdk), row.Name));
        Assert.All(Configuration.All, row => Assert.Contains(row.From, new[] { "py", "go", "both" }));
        Assert.All(Configuration.All, row => Assert.NotEmpty(row.Sdk));
    }

    private static string Scope(Configuration row) => row.Kind == "requests" ? (string)row.Sdk["scope"]! : "all-apis";
}
