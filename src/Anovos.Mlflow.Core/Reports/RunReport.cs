using System.Text;

namespace Anovos.Mlflow.Reports;

/// <summary>A report on runs, side by side, in one self-contained HTML file.</summary>
public sealed class RunReport
{
    private readonly ReportModel _model;

    private RunReport(ReportModel model) => _model = model;

    /// <summary>The warnings about artifacts that could not be read, one sentence each.</summary>
    public IReadOnlyList<string> Warnings => [.. _model.Runs.Where(run => run.Problem is not null).Select(run => $"The artifacts of run {run.Id} are not in the report: {run.Problem}")];

    /// <summary>
    /// Reads runs for a report. They are ordered by start time; the first run is the one that the others are compared with. Duplicates
    /// count once.
    /// </summary>
    /// <param name="sources">The runs.</param>
    /// <param name="options">The options of the report.</param>
    /// <param name="progress">Called with the number of finished requests and of all requests, from several threads.</param>
    /// <param name="cancellationToken">Cancels the operation.</param>
    /// <exception cref="MlflowException">A store denied a request or could not be reached.</exception>
    public static async Task<RunReport> ReadAsync(IReadOnlyList<ReportSource> sources, ReportOptions options, Action<int, int> progress, CancellationToken cancellationToken)
    {
        ReportSource[] ordered =
        [
            .. sources.GroupBy(source => source.Run.RunId, StringComparer.Ordinal).Select(same => same.First())
                .OrderBy(source => source.Run.StartTime).ThenBy(source => source.Run.RunId, StringComparer.Ordinal),
        ];
        var reader = new ReportReader(options, progress);
        IReadOnlyList<string> drawn = reader.Drawn([.. ordered.Select(source => source.Run)], out int leftOut);
        return new RunReport(ReportModel.Of(options.Title, await reader.ReadAsync(ordered, drawn, cancellationToken).ConfigureAwait(false), leftOut));
    }

    /// <summary>Writes the report as HTML. The same runs always give the same text.</summary>
    public void Write(TextWriter target) => ReportPage.Write(_model, target);

    /// <summary>Writes the report to a file. If writing fails, an existing file stays as it was.</summary>
    /// <param name="path">The file's full path.</param>
    /// <exception cref="IOException">The file cannot be written.</exception>
    /// <exception cref="UnauthorizedAccessException">The file may not be written.</exception>
    public void Save(string path)
    {
        string temporary = Path.Combine(Path.GetDirectoryName(path)!, $".anovos-{Guid.NewGuid():N}.tmp");
        try
        {
            using (var writer = new StreamWriter(temporary, append: false, new UTF8Encoding(encoderShouldEmitUTF8Identifier: false)))
                Write(writer);
            AtomicFile.Replace(temporary, path, CancellationToken.None);
        }
        finally
        {
            File.Delete(temporary);
        }
    }
}
