using System.Reflection;
using System.Text.RegularExpressions;
using Anovos.Mlflow.Configuration;
using Anovos.Mlflow.Tests.Tracking;

namespace Anovos.Mlflow.Tests.Checks;

public class RuleIdTests
{
    private static readonly FieldInfo[] Fields = typeof(RuleIds).GetFields(BindingFlags.Static | BindingFlags.Public);

    [Fact]
    public void The_documentation_lists_every_rule_once_and_no_other()
    {
        string page = File.ReadAllText(Path.Combine(SharedMaterial.Repository()!, "docs", "checks.md"));
        string[] listed = [.. page.Split('\n').Where(line => line.StartsWith("| `", StringComparison.Ordinal))
            .SelectMany(line => Regex.Matches(line.Split('|')[1], "`([^`]+)`").Cast<Match>().Select(match => match.Groups[1].Value))];
        Assert.Equal(Fields.Select(id => (string)id.GetRawConstantValue()!).Order(StringComparer.Ordinal),
            listed.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Every_rule_is_used()
    {
        string core = Path.Combine(SharedMaterial.Repository()!, "src", "Anovos.Mlflow.Core");
        string code = string.Concat(new[] { "Configuration", "Checks" }.SelectMany(folder => Directory.EnumerateFiles(Path.Combine(core,
            folder), "*.cs")).Select(File.ReadAllText));
        Assert.All(Fields, id => Assert.Contains($"RuleIds.{id.Name}", code));
    }
}
