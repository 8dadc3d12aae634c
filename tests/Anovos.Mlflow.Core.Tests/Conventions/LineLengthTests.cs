using Anovos.Mlflow.Tests.Tracking;

namespace Anovos.Mlflow.Tests.Conventions;

/// <summary>Lines of code have at most 140 columns. Older ones that are longer may stay until they change.</summary>
public sealed class LineLengthTests
{
    private const int Columns = 140;

    /// <summary>How many lines are longer. The number may only fall.</summary>
    private const int Longer = 1627;

    // How far the count may fall unnoticed, so that not every change has to lower the number.
    private const int Slack = 25;

    [Fact]
    public void Fewer_and_fewer_lines_are_too_long()
    {
        string root = SharedMaterial.Repository()!;
        (string File, int Count)[] files =
        [
            .. new[] { "src", "tests" }
                .SelectMany(folder => Directory.EnumerateFiles(Path.Combine(root, folder), "*", SearchOption.AllDirectories))
                .Where(IsSource)
                .Select(file => (Path.GetRelativePath(root, file), File.ReadLines(file).Count(line => line.Length > Columns))),
        ];
        int count = files.Sum(file => file.Count);

        Assert.True(count <= Longer, $"{count} lines have more than {Columns} columns, {Longer} may. Wrap the lines that you added.");
        Assert.True(count >= Longer - Slack, $"Only {count} lines have more than {Columns} columns. Set {nameof(Longer)} to {count}.");
    }

    private static bool IsSource(string file)
    {
        string[] folders = file.Split(Path.DirectorySeparatorChar);
        return Path.GetExtension(file) is ".cs" or ".ps1" or ".psm1" && !folders.Contains("bin") && !folders.Contains("obj");
    }
}
