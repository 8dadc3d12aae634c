using System.Management.Automation;
using System.Text;
using Anovos.Mlflow.Configuration;
using Anovos.Mlflow.PowerShell.Abstractions;
using Anovos.Mlflow.Projects;

namespace Anovos.Mlflow.PowerShell.Commands;

/// <summary>Writes an <c>MLproject</c> file, so that MLflow and <c>Invoke-MlflowProject</c> can run a workflow.</summary>
[Cmdlet(VerbsData.Export, "AnovosProject", SupportsShouldProcess = true)]
[OutputType(typeof(FileInfo))]
public sealed class ExportAnovosProjectCommand : MlflowCommand
{
    /// <summary>The workflow.</summary>
    [Parameter(Mandatory = true, ValueFromPipeline = true)]
    [ValidateNotNull]
    public AnovosConfig Config { get; set; } = null!;

    /// <summary>The program that runs the workflow, such as <c>spark-submit</c>.</summary>
    [Parameter(Position = 0, Mandatory = true)]
    [ValidateNotNullOrEmpty]
    public string FilePath { get; set; } = "";

    /// <summary>The program's arguments before the workflow file and the run type.</summary>
    [Parameter(Position = 1, ValueFromRemainingArguments = true)]
    [Alias("Args")]
    [AllowEmptyString]
    public string[] ArgumentList { get; set; } = [];

    /// <summary>The default run type of the project.</summary>
    [Parameter]
    [ValidateSet("local", "databricks", "emr", "ak8s")]
    public string RunType { get; set; } = "local";

    /// <summary>The project's folder; without it, the folder of the workflow file.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? Path { get; set; }

    /// <summary>The project's name; without it, the name of the workflow file.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? Name { get; set; }

    /// <summary>Overwrites an existing project file.</summary>
    [Parameter]
    public SwitchParameter Force { get; set; }

    /// <inheritdoc/>
    protected override void Process()
    {
        string folder = Path is null ? System.IO.Path.GetDirectoryName(Config.Path)! : GetUnresolvedProviderPathFromPSPath(Path);
        string name = Name ?? System.IO.Path.GetFileNameWithoutExtension(Config.Path), file = System.IO.Path.Combine(folder, ProjectExport.FileName);
        string text = ProjectExport.ToText(Config, folder, name, [FilePath, .. ArgumentList], RunType);
        if (File.Exists(file) && !Force)
            throw new MlflowException(ErrorKind.InvalidValue, $"The project file {file} already exists. Overwrite it with -Force, or name another folder with -Path.") { Target = file };
        if (!ShouldProcess(file, "Write"))
            return;
        File.WriteAllText(file, text, new UTF8Encoding(false));
        WriteFile(file);
    }
}
