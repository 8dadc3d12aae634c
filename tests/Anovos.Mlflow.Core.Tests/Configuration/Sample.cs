using System.Text;
using Anovos.Mlflow.Configuration;

namespace Anovos.Mlflow.Tests.Configuration;

/// <summary>Workflows for tests, as text.</summary>
internal static class Sample
{
    /// <summary>The placeholder for the file's path in messages.</summary>
    public const string Path = "workflow.yaml";

    /// <summary>All flags on.</summary>
    public const string Tracking = """
        mlflow:
          experiment: Anovos
          tracking_uri: http://127.0.0.1:8889
          track_output: True
          track_reports: True
          track_intermediates: True

        """;

    /// <summary>Reads a workflow.</summary>
    public static AnovosConfig Read(string yaml) => AnovosConfig.Parse(Encoding.UTF8.GetBytes(yaml), Path);

    /// <summary>Returns all findings about a workflow.</summary>
    public static IReadOnlyList<ConfigDiagnostic> Check(string yaml) => ConfigReading.Of(Encoding.UTF8.GetBytes(yaml), Path,
        default).Diagnostics;
}
