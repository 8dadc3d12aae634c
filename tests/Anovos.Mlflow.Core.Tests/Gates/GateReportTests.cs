using System.Xml.Linq;
using Anovos.Mlflow.Gates;
using Anovos.Mlflow.Tests.Tracking;
using Anovos.Mlflow.Tracking;

namespace Anovos.Mlflow.Tests.Gates;

/// <summary>What gates came to, as JUnit's XML and as Markdown.</summary>
public sealed class GateReportTests : IDisposable
{
    private const string Evil = "a\u0001<b>&\"\ud800|##vso[task.complete]\r\n\U0001F600";

    private readonly TemporaryFolder _folder = new();

    [Fact]
    public void A_run_is_a_suite_and_a_rule_is_a_test()
    {
        string path = _folder.Below("results/gate.xml");
        GateReport first = Report("first", GateOutcome.Passed, GateOutcome.Failed, GateOutcome.Warning);
        JUnitFile.Write(path, [first, Report("second", GateOutcome.Passed)], default);

        XElement root = XDocument.Load(path).Root!;
        Assert.Equal(("testsuites", "4 1 0 1"), (root.Name.LocalName, Counts(root)));
        XElement[] suites = [.. root.Elements("testsuite")];
        Assert.Equal(
            ["MLflow run first: 3 1 0 1", "MLflow run second: 1 0 0 0"],
            suites.Select(suite => $"{suite.Attribute("name")!.Value}: {Counts(suite)}"));
        XElement[] cases = [.. suites[0].Elements("testcase")];
        Assert.Equal(["rule 0", "rule 1", "rule 2"], cases.Select(test => test.Attribute("name")!.Value));
        Assert.All(cases, test => Assert.Equal("mlflow.first", test.Attribute("classname")!.Value));
        Assert.Equal(("system-out", "because 0"), (Only(cases[0]).Name.LocalName, Only(cases[0]).Value));
        Assert.Equal(
            ("failure", "because 1", "GateFailed"),
            (Only(cases[1]).Name.LocalName, Only(cases[1]).Attribute("message")!.Value, Only(cases[1]).Attribute("type")!.Value));
        Assert.Equal(("skipped", "because 2"), (Only(cases[2]).Name.LocalName, Only(cases[2]).Attribute("message")!.Value));
        Assert.Equal([Path.GetFileName(path)], Directory.GetFiles(Path.GetDirectoryName(path)!).Select(Path.GetFileName));
    }

    [Fact]
    public void A_file_that_is_there_is_replaced()
    {
        string path = _folder.Below("gate.xml");
        File.WriteAllText(path, new string('x', 100_000));
        JUnitFile.Write(path, [Report("first", GateOutcome.Passed)], default);
        Assert.Equal("1 0 0 0", Counts(XDocument.Load(path).Root!));
    }

    [Fact]
    public void A_name_is_only_text()
    {
        string path = _folder.Below("gate.xml");
        GateReport report = Report(Evil, GateOutcome.Failed);
        JUnitFile.Write(path, [report with { Results = [report.Results[0] with { Rule = Evil, Reason = Evil }] }], default);
        string name = XDocument.Load(path).Descendants("testcase").Single().Attribute("name")!.Value;
        Assert.StartsWith("a", name, StringComparison.Ordinal);
        Assert.Contains("<b>&\"", name);
        Assert.EndsWith("\U0001F600", name, StringComparison.Ordinal);
        Assert.DoesNotContain("##vso[", File.ReadAllText(path));
    }

    [Fact]
    public void The_summary_has_failures_first_and_a_link()
    {
        GateReport report = Report("first", GateOutcome.Passed, GateOutcome.Failed, GateOutcome.Warning);
        Assert.Equal(
            """
            **Failed**: 1 of 3 rules failed for MLflow run [first](https://mlflow.example.com/)

            | outcome | rule | value | bound | reason |
            |---|---|---:|---:|---|
            | Failed | rule 1 | 0.5 | 1:02:03 | because 1 |
            | Warning | rule 2 | 0.5 | 1:02:03 | because 2 |
            | Passed | rule 0 | 0.5 | 1:02:03 | because 0 |

            """.Replace("1:02:03", "1&#58;02&#58;03").ReplaceLineEndings("\n"),
            report.ToMarkdown("https://mlflow.example.com/"));
        Assert.StartsWith("**Passed**: 0 of 1 rule failed", Report("second", GateOutcome.Passed).ToMarkdown(null));
        Assert.DoesNotContain("<b>", Report(Evil, GateOutcome.Failed).ToMarkdown(null));
    }

    public void Dispose() => _folder.Dispose();

    private static GateReport Report(string name, params GateOutcome[] outcomes)
    {
        Run run = new() { RunId = "0123456789abcdef0123456789abcdef", ExperimentId = "7", RunName = name };
        IEnumerable<GateResult> results = outcomes.Select((outcome, index) => new GateResult
        {
            Rule = $"rule {index}",
            Value = 0.5,
            Bound = new TimeSpan(1, 2, 3),
            Outcome = outcome,
            Reason = $"because {index}",
            RunId = run.RunId,
        });
        return new GateReport(run, [.. results]);
    }

    private static XElement Only(XElement test) => Assert.Single(test.Elements());

    private static string Counts(XElement element) =>
        string.Join(" ", new[] { "tests", "failures", "errors", "skipped" }.Select(name => element.Attribute(name)!.Value));
}
