using System.Management.Automation;
using System.Reflection;
using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;

namespace Anovos.Mlflow.Tests;

public class ModuleTests
{
    // The assemblies that are part of .NET Framework 4.7.2, the oldest version that the manifest allows.
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
    public void The_assemblies_for_Windows_PowerShell_are_all_there_and_none_is_too_old()
    {
        string folder = Path.Combine(Repository.StagedModule, "deps", "netstandard2.0");
        string[] files = [.. Directory.GetFiles(folder, "*.dll"), Path.Combine(Repository.StagedModule, "Anovos.Mlflow.dll")];

        // The module resolves its libraries' references with the file of that name, but never with an older version: see ModuleLifecycle.
        string[] unmet =
        [
            .. from file in files
               from reference in References(file)
               where !Framework.Contains(reference.Name) && reference.Name != "System.Management.Automation"
               where !IsMet(folder, reference)
               select $"{Path.GetFileName(file)} wants {reference.Name} {reference.Version}, which is not there",
        ];
        Assert.Empty(unmet);
    }

    /// <summary>
    /// .NET Framework loads a strong-named assembly only in the exact version of the reference, and a module has no binding redirects.
    /// These references work because ModuleLifecycle handles AssemblyResolve and returns a newer version, never an older one.
    /// </summary>
    [Fact]
    public void References_to_another_version_work_through_the_resolve_handler_alone_and_ask_for_older_ones()
    {
        string folder = Path.Combine(Repository.StagedModule, "deps", "netstandard2.0");
        (string From, AssemblyName Wanted, Version Present)[] others =
        [
            .. from file in Directory.GetFiles(folder, "*.dll")
               from reference in References(file)
               let there = Path.Combine(folder, reference.Name + ".dll")
               where File.Exists(there)
               let present = AssemblyName.GetAssemblyName(there).Version!
               where present != reference.Version
               select (Path.GetFileName(file), reference, present),
        ];
        Assert.NotEmpty(others);
        Assert.All(others, other => Assert.True(other.Wanted.Version < other.Present,
            $"{other.From} wants {other.Wanted.Name} {other.Wanted.Version}, and {other.Present} is there"));
        Assert.All(others, other => Assert.True(IsMet(folder, other.Wanted)));
        TestContext.Current.TestOutputHelper?.WriteLine($"{others.Length} references ask for an older version: "
            + string.Join(", ", others.Select(other => $"{other.From} {other.Wanted.Name} {other.Wanted.Version}")));
    }

    [Theory]
    [InlineData("System.Text.Json", "6.0.0.0", true)]
    [InlineData("System.Text.Json", "99.0.0.0", false)]
    [InlineData("System.Management.Automation", "3.0.0.0", false)]
    public void A_reference_is_met_by_the_file_of_that_name_in_no_older_version(string name, string version, bool met) =>
        Assert.Equal(met, IsMet(Path.Combine(Repository.StagedModule, "deps", "netstandard2.0"), new AssemblyName(name) { Version = new Version(version) }));

    [Fact]
    public void The_module_brings_no_assembly_of_PowerShell_itself() =>
        Assert.Empty(Directory.GetFiles(Repository.StagedModule, "System.Management.Automation*", SearchOption.AllDirectories));

    private static bool IsMet(string folder, AssemblyName reference)
    {
        // If a test referenced the module's assembly, Core would be loaded outside its load context.
        Assembly module = Assembly.LoadFrom(Path.Combine(Repository.StagedModule, "Anovos.Mlflow.dll"));
        MethodInfo find = module.GetType("Anovos.Mlflow.PowerShell.ModuleLifecycle")!.GetMethod("FindDependency", BindingFlags.Static | BindingFlags.NonPublic)!;
        return find.Invoke(null, [folder, reference]) is not null;
    }

    private static AssemblyName[] References(string path)
    {
        using var file = new PEReader(File.OpenRead(path));
        MetadataReader metadata = file.GetMetadataReader();
        return [.. metadata.AssemblyReferences.Select(handle => metadata.GetAssemblyReference(handle).GetAssemblyName())];
    }
}
