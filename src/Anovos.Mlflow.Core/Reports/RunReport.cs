using System.Text;

namespace Anovos.Mlflow.Reports;

/// <summary>A report on runs, side by side: one HTML file that needs nothing else.</summary>
public sealed class RunReport
{
    private readonly ReportModel _model;

    private RunReport(ReportModel model) => _model = model;

    /// <summary>What could not be read, a sentence each.</summary>
    public IReadOnlyList<string> Warnings => [.. _model.Runs.Where(run => run.Problem is not null).Select(run => $"The artifacts of run {run.Id} are not in the report: {run.Problem}")];

    /// <summary>Reads runs for a report. They stand in it from the one that started first, with which the others are compared; the same one counts once.</summary>
    /// <param name="sources">The runs.</param>
    /// <param name="options">What goes into it.</param>
    /// <param name="progress">Told how many requests of how many are done; called from several threads.</param>
    /// <param name="cancellationToken">Ends it at once.</param>
    /// <exception cref="MlflowException">A store refused, or could not be reached.</exception>
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

    /// <summary>Writes the report as HTML; the same runs give the same text.</summary>
    public void Write(TextWriter target) => ReportPage.Write(_model, target);

    /// <summary>Writes the report to a file, which is there as a whole or, when something fails, as it was.</summary>
    /// <param name="path">The file's full path.</param>
    /// <exception cref="IOException">It cannot be written.</exception>
    /// <exception cref="UnauthorizedAccessException">It must not be written.</exception>
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
