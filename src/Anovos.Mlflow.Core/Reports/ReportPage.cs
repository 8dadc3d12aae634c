using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Anovos.Mlflow.Reports;

/// <summary>
/// The page of a report: one file with its own styles, scripts and data. Its content security policy blocks other scripts and all requests.
/// Data from runs is embedded as JSON, and the scripts insert it into the document as text.
/// </summary>
internal static class ReportPage
{
    private static readonly string[] Scripts = ["text.js", "dom.js", "tables.js", "charts.js", "overview.js", "sections.js", "main.js"];

    // The default encoder escapes everything that HTML or JavaScript would interpret: the text is plain ASCII, without < or U+2028.
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web)
    {
        NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    };

    /// <summary>Writes the page.</summary>
    public static void Write(ReportModel model, TextWriter target)
    {
        string style = Resource("uplot.uPlot.min.css") + Resource("report.css");
        string library = $"/*\n{Resource("uplot.LICENSE")}\n*/\n{Resource("uplot.uPlot.iife.min.js")}";
        string script = "'use strict';\n" + string.Concat(Scripts.Select(Resource));

        // A frame inherits the policy of its page, and the embedded reports have their own styles.
        bool frames = model.Runs.Any(run => run.Reports.Any(report => report.Copy is not null));
        var parts = new Dictionary<string, string>
        {
            ["policy"] = $"default-src 'none'; script-src {Hash(library)} {Hash(script)}; style-src {(frames ? "'unsafe-inline'" : Hash(style))}; img-src data:; font-src data:; base-uri 'none'; form-action 'none'",
            ["style"] = style,
            ["library"] = library,
            ["script"] = script,
            ["data"] = JsonSerializer.Serialize(model, Json),
        };
        string[] template = Resource("report.html").Split(["{{", "}}"], StringSplitOptions.None);
        for (int i = 0; i < template.Length; i++)
            target.Write(i % 2 == 0 ? template[i] : parts[template[i]]);
    }

    private static string Hash(string text)
    {
        using var sha = SHA256.Create();
        return $"'sha256-{Convert.ToBase64String(sha.ComputeHash(Encoding.UTF8.GetBytes(text)))}'";
    }

    private static string Resource(string name)
    {
        using Stream stream = typeof(ReportPage).Assembly.GetManifestResourceStream($"Anovos.Mlflow.Reports.Page.{name}")!;
        using var reader = new StreamReader(stream, Encoding.UTF8);
        return reader.ReadToEnd();
    }
}
