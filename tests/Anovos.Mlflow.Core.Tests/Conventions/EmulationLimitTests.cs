using System.Text.RegularExpressions;
using Anovos.Mlflow.Tests.Tracking;

namespace Anovos.Mlflow.Tests.Conventions;

/// <summary>The list of tests that an emulation cannot pass: <c>tests/emulation/limits.txt</c>.</summary>
public sealed class EmulationLimitTests
{
    [Fact]
    public void Each_is_a_test_that_there_is_on_Wine_or_Mono_with_a_reason()
    {
        string tests = Path.Combine(SharedMaterial.Repository()!, "tests");
        string[] lines = [.. File.ReadLines(Path.Combine(tests, "emulation", "limits.txt")).Where(line => line.Length > 0 && line[0] != '#')];
        Assert.Equal(lines.Length, EmulationLimitsAttribute.Read().Count);
        Assert.NotEmpty(lines);
        string[] sources =
        [
            .. Directory.EnumerateFiles(tests, "*.cs", SearchOption.AllDirectories).Where(file => !Regex.IsMatch(file, @"[\\/](bin|obj)[\\/]"))
                .Select(File.ReadAllText),
        ];
        Assert.All(lines, line =>
        {
            string[] cells = Regex.Split(line, " {2,}");
            Assert.Equal(3, cells.Length);
            Assert.Contains(cells[0], new[] { "wine", "mono" });
            Match name = Regex.Match(cells[1], @"(\w+)\.(\w+|\*)(\(.*|\*)?$");
            Assert.True(name.Success, line);
            Assert.Contains(sources, source => Regex.IsMatch(source, $@"class {name.Groups[1].Value}\b")
                && (name.Groups[2].Value == "*" || Regex.IsMatch(source, $@" {name.Groups[2].Value}\(")));
            Assert.True(cells[2].Length > 10, line);
        });
    }
}
