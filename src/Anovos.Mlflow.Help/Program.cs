using System.Management.Automation;
using Anovos.Mlflow.Help;

const string Usage =
    """
    Generates the help of the module's cmdlets from one Markdown page each.

      maml <module.psd1> <folder of pages> <file>   writes the help file that PowerShell reads
      refresh <module.psd1> <folder of pages>       updates the facts from the code on the pages
    """;

try
{
    switch (args)
    {
        case ["maml", string module, string folder, string file]:
            using (var commands = new ModuleCommands(module))
                MamlFile.Of(commands.Cmdlets, PageFolder.Read(folder)).Save(file);
            return 0;
        case ["refresh", string module, string folder]:
            using (var commands = new ModuleCommands(module))
                PageFolder.Refresh(folder, commands.Cmdlets);
            return 0;
        default:
            Console.Error.WriteLine(Usage);
            return 2;
    }
}
catch (Exception e) when (e is PageException or RuntimeException or IOException or UnauthorizedAccessException)
{
    Console.Error.WriteLine(e is PageException ? e.Message : $"Anovos.Mlflow.Help: error HELP: {e.Message}");
    return 1;
}
