using System.Text.RegularExpressions;
using Anovos.Mlflow.Tests.Tracking;

namespace Anovos.Mlflow.Tests.Conventions;

/// <summary>Messages, comments and pages are in plain English: words that readers stumble over have a plainer one.</summary>
public sealed class PlainWordsTests
{
    private static readonly (string Stiff, string Plain)[] Words =
    [
        (@"\banew\b|\bonce more\b", "again"),
        (@"\ball the same\b", "anyway"),
        (@"\bmeanwhile\b", "in the meantime"),
        (@"\bwhoever\b", "the user, the caller"),
        (@"\bwho asks\b", "the caller"),
        (@"\bso many\b", "a number, or how many"),
        (@"\bas \w+ has it\b", "as in"),
        (@"\banswers?\b", "response, returns"),
        (@"\b(?:lies|stands) (?:in|at|on|here|there|beside|before|after|behind)\b", "is in, is at"),
        (@"\b(?:is|are|was|were) no \w+ (?:that|which)\b", "is not a"),
        (@"\bends (?:it )?all at once\b", "cancels"),
    ];

    [Fact]
    public void Words_are_plain()
    {
        string root = SharedMaterial.Repository()!;
        string[] files =
        [
            .. Directory.EnumerateFiles(root).Where(IsText),
            .. new[] { "src", "docs", "module", "samples", "bench" }
                .SelectMany(folder => Directory.EnumerateFiles(Path.Combine(root, folder), "*", SearchOption.AllDirectories))
                .Where(IsText),
        ];
        Assert.True(files.Length > 500, $"{files.Length} files were found.");
        string[] stiff =
        [
            .. from file in files
               from line in File.ReadLines(file).Select((text, index) => (Text: text, Number: index + 1))
               from word in Words
               from Match match in Regex.Matches(line.Text, word.Stiff, RegexOptions.IgnoreCase)
               select $"{Path.GetRelativePath(root, file)}:{line.Number}: '{match.Value}': write {word.Plain}.",
        ];
        Assert.True(stiff.Length == 0, string.Join("\n", stiff));
    }

    private static bool IsText(string file)
    {
        string[] folders = file.Split(Path.DirectorySeparatorChar);
        return Path.GetExtension(file) is ".cs" or ".md" or ".ps1" or ".psd1" or ".txt" && !folders.Contains("bin") && !folders.Contains("obj");
    }
}
