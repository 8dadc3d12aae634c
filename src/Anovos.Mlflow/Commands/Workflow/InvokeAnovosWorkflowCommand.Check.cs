using Anovos.Mlflow.Checks;
using Anovos.Mlflow.Configuration;

namespace Anovos.Mlflow.PowerShell.Commands;

/// <summary>Checks the workflow file before the workflow is started.</summary>
public sealed partial class InvokeAnovosWorkflowCommand
{
    private void Check(string folder)
    {
        var options = new WorkflowCheckOptions
        {
            RunType = RunType ?? (IsJob ? "databricks" : null),
            BasePath = IsJob ? null : folder,
            AnovosTracks = !_getsCopy,
            ReadsData = !IsJob,
        };
        IReadOnlyList<ConfigDiagnostic> found = Await(token => Task.FromResult(WorkflowCheck.Run(Config!.Path, options, token)));
        ConfigDiagnostic[] errors = [.. found.Where(item => item.IsError)];
        foreach (ConfigDiagnostic item in found)
        {
            // An issue of the build has the location in the file; a warning or an error of the command does not.
            if (Pipeline is not null)
                Tell(Pipeline.Issue(item));
            else if (item.Severity == DiagnosticSeverity.Warning)
                WriteWarning(item.ToString());
            else if (!item.IsError)
                WriteVerbose(item.ToString());
        }

        if (errors.Length > 0)
        {
            string places = errors.Length == 1 ? "one place" : $"{errors.Length} places";
            string list = string.Join("", errors.Select(error => $"\n{error}"));
            string message = $"Anovos would fail at {places} in this file. Nothing was started; use -SkipCheck to start it anyway.{list}";
            throw new MlflowException(ErrorKind.ConfigInvalid, message) { Target = Config!.Path };
        }
    }
}
