using System.Management.Automation;
using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;

namespace Anovos.Mlflow.Tests;

public class ModuleTests
{
    // What .NET Framework 4.7.2, the oldest that the manifest allows, brings itself.
    private static readonly string[] Framework = ["mscorlib", "netstandard", "System", "System.Core", "System.Data", "System.Net.Http", "System.Numerics", "System.Runtime.Serialization", "System.Transactions", "System.Xml"];

    [Fact]
    public void Every_cmdlet_in_the_manifest_is_there_and_names_what_it_puts_out()
    {
        using var session = new ScriptSession();
        ScriptResult result = session.Run("Get-Command -Module Anovos.Mlflow").Clean();
        var manifest = session.Run("(Test-ModuleManifest $Path).ExportedCmdlets.Keys", ("Path", Path.Combine(Repository.StagedModule, "Anovos.Mlflow.psd1"))).Clean();

        CmdletInfo[] cmdlets = [.. result.Output.Select(item => (CmdletInfo)item.BaseObject)];
        Assert.NotEmpty(cmdlets);
        Assert.Equal(manifest.Texts.Order(), cmdlets.Select(cmdlet => cmdlet.Name).Order());
        Assert.All(cmdlets, cmdlet => Assert.NotEmpty(cmdlet.OutputType));
        Assert.All(cmdlets, cmdlet => Assert.Null(cmdlet.ImplementingType.GetConstructors().Single().GetParameters().FirstOrDefault()));
    }

    [Fact]
    public void Every_cmdlet_that_changes_something_asks_first()
    {
        using var session = new ScriptSession();
        string[] changing = session.Run("Get-Command -Module Anovos.Mlflow -Verb New, Set, Remove, Write, Send, Start, Stop, Use | Where-Object { -not $_.Parameters.ContainsKey('WhatIf') }").Clean().Texts;
        Assert.Empty(changing);
    }

    [Fact]
    public void The_module_survives_force_and_a_second_import()
    {
        using var session = new ScriptSession();
        ScriptResult result = session.Run(
            """
            Import-Module $Path -Force
            (Get-Command -Module Anovos.Mlflow | Where-Object Verb -eq Start).Name
            Remove-Module Anovos.Mlflow
            @(Get-Command -Module Anovos.Mlflow).Count
            Import-Module $Path
            (Start-MlflowRun -Name again).RunName
            Stop-MlflowRun | ForEach-Object Status
            """,
            ("Path", Repository.StagedModule)).Clean();
        Assert.Equal(["Start-MlflowRun", "0", "again", "Finished"], result.Texts);
    }

    [Fact]
    public void Two_sessions_see_neither_the_other_ones_run_nor_its_connection()
    {
        using var one = new ScriptSession();
        using var other = new ScriptSession();
        string id = one.Run("Connect-Mlflow ./mine | Out-Null; (Start-MlflowRun).RunId").Clean().Single.ToString();
        string uri = other.Run("(Get-MlflowConnection).TrackingUri").Clean().Single.ToString();
        ScriptResult stopped = one.Run("Stop-MlflowRun").Clean();

        Assert.Contains(Path.GetFileName(one.Folder) + "/mine", (string)one.Run("(Get-MlflowConnection).TrackingUri").Single.ToString());
        Assert.DoesNotContain(Path.GetFileName(one.Folder), uri);
        Assert.Equal(id, stopped.Single.RunId);
    }

    [Fact]
    public void The_assemblies_for_Windows_PowerShell_need_no_binding_redirect()
    {
        string folder = Path.Combine(Repository.StagedModule, "deps", "netstandard2.0");
        string[] files = [.. Directory.GetFiles(folder, "*.dll"), Path.Combine(Repository.StagedModule, "Anovos.Mlflow.dll")];
        Dictionary<string, Version> there = files.Select(Read).ToDictionary(assembly => assembly.Name, assembly => assembly.Version);

        string[] unmet =
        [
            .. from file in files
               from reference in Read(file).References
               where !Framework.Contains(reference.Name) && reference.Name != "System.Management.Automation"
               where !there.TryGetValue(reference.Name, out Version? version) || version != reference.Version
               select $"{Path.GetFileName(file)} wants {reference.Name} {reference.Version}, there is {there.GetValueOrDefault(reference.Name)?.ToString() ?? "none"}",
        ];
        Assert.Empty(unmet);
    }

    [Fact]
    public void The_module_brings_no_assembly_of_PowerShell_itself() =>
        Assert.Empty(Directory.GetFiles(Repository.StagedModule, "System.Management.Automation*", SearchOption.AllDirectories));

    private static (string Name, Version Version, (string Name, Version Version)[] References) Read(string path)
    {
        using var file = new PEReader(File.OpenRead(path));
        MetadataReader metadata = file.GetMetadataReader();
        AssemblyDefinition self = metadata.GetAssemblyDefinition();
        return (
            metadata.GetString(self.Name),
            self.Version,
            [.. metadata.AssemblyReferences.Select(metadata.GetAssemblyReference).Select(reference => (metadata.GetString(reference.Name), reference.Version))]);
    }
}
