using Anovos.Mlflow.Identity;
using Anovos.Mlflow.Processes;
using Anovos.Mlflow.Tests.Tracking;

namespace Anovos.Mlflow.Tests.Processes;

/// <summary>Tests of how programs are found, with the rules of Windows on any system.</summary>
public sealed class ProgramSearchTests
{
    private const string Usual = ".COM;.EXE;.BAT;.CMD;.VBS;.JS;.MSC";

    [Theory]
    [InlineData(@".\dir\tool", new[] { @".\dir\tool.exe", @".\dir\tool.cmd" }, Usual, @".\dir\tool.exe")]
    [InlineData(@".\dir\tool", new[] { @".\dir\tool.exe", @".\dir\tool.cmd" }, ".CMD;.EXE", @".\dir\tool.cmd")]
    [InlineData(@".venv\Scripts\python", new[] { @".venv\Scripts\python", @".venv\Scripts\python.exe" }, Usual,
        @".venv\Scripts\python.exe")]
    [InlineData(@"dir\tool", new[] { @"dir\tool" }, Usual, @"dir\tool")]
    [InlineData(@"dir\tool.v2", new[] { @"dir\tool.v2.bat" }, Usual, @"dir\tool.v2.bat")]
    [InlineData(@"dir\tool.bat", new[] { @"dir\tool.bat", @"dir\tool.bat.exe" }, Usual, @"dir\tool.bat")]
    [InlineData(@"dir.d\tool", new[] { @"dir.d\tool.exe" }, null, @"dir.d\tool.exe")]
    [InlineData(@"dir\script", new[] { @"dir\script.vbs" }, Usual, null)]
    [InlineData(@"a|b", new string[0], Usual, null)]
    public void A_path_on_Windows_names_a_program_with_or_without_its_extension(
        string path, string[] files, string? pathExt, string? expected) =>
        Assert.Equal(expected, ProgramSearch.Complete(path, pathExt, files.Contains, onWindows: true));

    [Fact]
    public void A_path_on_Unix_is_the_file_itself() =>
        Assert.Null(ProgramSearch.Complete("dir/tool", Usual, new[] { "dir/tool.exe" }.Contains, onWindows: false));

    [Theory]
    [InlineData(@"C:\a;C:\b", new[] { @"C:\a", @"C:\b" })]
    [InlineData("\"C:\\Program Files\\a\";C:\\b", new[] { @"C:\Program Files\a", @"C:\b" })]
    [InlineData("\"C:\\a;b\";C:\\c", new[] { @"C:\a;b", @"C:\c" })]
    [InlineData("C:\\a;\"C:\\b", new[] { @"C:\a", @"C:\b" })]
    [InlineData(@"C:\a|b;;.;relative;<x>;C:\c;", new[] { @"C:\a|b", @"C:\c" })]
    [InlineData("", new string[0])]
    [InlineData(null, new string[0])]
    public void An_entry_of_PATH_may_be_in_quotes_or_no_path_at_all(string? path, string[] expected) =>
        Assert.Equal(expected, ProgramSearch.Folders(path, onWindows: true));

    [Fact]
    public void On_Unix_a_quote_is_a_character_of_a_name() =>
        Assert.Equal(["/a", "/\"b\"", "/c;d"], ProgramSearch.Folders("/a:/\"b\":relative::/c;d", onWindows: false));

    [Fact]
    public void The_Azure_CLI_is_found_behind_entries_that_are_no_folders()
    {
        using var folder = new TemporaryFolder();
        string name = OperatingSystem.IsWindows() ? "az.cmd" : "az";
        File.WriteAllText(folder.Below(name), "");
        string path = string.Join(Path.PathSeparator, ["\"\"", "a|b", "<>", folder.FullPath]);
        Assert.Equal(folder.Below(name), AzureCli.Find(variable => variable == "PATH" ? path : null));
        Assert.Null(AzureCli.Find(_ => null));
    }
}
