using System.Globalization;
using System.Text;
using System.Xml;

namespace Anovos.Mlflow.Gates;

/// <summary>Writes the results of gates as JUnit XML, which every CI system reads. A run is a test suite, a rule is a test case.</summary>
public static class JUnitFile
{
    private static readonly XmlWriterSettings Settings = new() { Indent = true, NewLineChars = "\n", Encoding = new UTF8Encoding(false) };

    /// <summary>Writes the file. An existing file is replaced, and the folder is created. A warning becomes a skipped test.</summary>
    /// <exception cref="IOException">The file cannot be written; or an <see cref="UnauthorizedAccessException"/>.</exception>
    public static void Write(string path, IReadOnlyList<GateReport> reports, CancellationToken cancellationToken)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        string temporary = $"{path}.{Guid.NewGuid():N}.tmp";
        try
        {
            using (var writer = XmlWriter.Create(temporary, Settings))
                Write(writer, reports);
            AtomicFile.Replace(temporary, path, cancellationToken);
        }
        finally
        {
            File.Delete(temporary);
        }
    }

    private static void Write(XmlWriter writer, IReadOnlyList<GateReport> reports)
    {
        writer.WriteStartElement("testsuites");
        Count(writer, [.. reports.SelectMany(report => report.Results)]);
        foreach (GateReport report in reports)
        {
            string name = Text(report.Run.RunName.Length > 0 ? report.Run.RunName : report.Run.RunId);
            writer.WriteStartElement("testsuite");
            writer.WriteAttributeString("name", $"MLflow run {name}");
            Count(writer, report.Results);
            writer.WriteStartElement("properties");
            Property(writer, "mlflow.runId", report.Run.RunId);
            Property(writer, "mlflow.experimentId", report.Run.ExperimentId);
            writer.WriteEndElement();
            foreach (GateResult result in report.Results)
                Write(writer, result, $"mlflow.{name}");
            writer.WriteEndElement();
        }

        writer.WriteEndElement();
    }

    private static void Write(XmlWriter writer, GateResult result, string className)
    {
        writer.WriteStartElement("testcase");
        writer.WriteAttributeString("classname", className);
        writer.WriteAttributeString("name", Text(result.Rule));
        writer.WriteAttributeString("time", "0");
        string reason = Text(result.Reason);
        if (result.Outcome == GateOutcome.Passed)
        {
            writer.WriteElementString("system-out", reason);
        }
        else
        {
            writer.WriteStartElement(result.Outcome == GateOutcome.Failed ? "failure" : "skipped");
            writer.WriteAttributeString("message", reason);
            if (result.Outcome == GateOutcome.Failed)
            {
                writer.WriteAttributeString("type", nameof(ErrorKind.GateFailed));
                writer.WriteString(reason);
            }

            writer.WriteEndElement();
        }

        writer.WriteEndElement();
    }

    private static void Count(XmlWriter writer, IReadOnlyCollection<GateResult> results)
    {
        Attribute("tests", results.Count);
        Attribute("failures", results.Count(result => result.Outcome == GateOutcome.Failed));
        Attribute("errors", 0);
        Attribute("skipped", results.Count(result => result.Outcome == GateOutcome.Warning));

        void Attribute(string name, int value) => writer.WriteAttributeString(name, value.ToString(CultureInfo.InvariantCulture));
    }

    private static void Property(XmlWriter writer, string name, string value)
    {
        writer.WriteStartElement("property");
        writer.WriteAttributeString("name", name);
        writer.WriteAttributeString("value", Text(value));
        writer.WriteEndElement();
    }

    // XML cannot hold every character, such as half a surrogate pair.
    private static string Text(string text)
    {
        string safe = SafeText.Of(Secrets.Clean(text));
        var result = new StringBuilder(safe.Length);
        for (int i = 0; i < safe.Length; i++)
        {
            if (i + 1 < safe.Length && XmlConvert.IsXmlSurrogatePair(safe[i + 1], safe[i]))
                result.Append(safe, i++, 2);
            else
                result.Append(XmlConvert.IsXmlChar(safe[i]) ? safe[i] : '\uFFFD');
        }

        return result.ToString();
    }
}
