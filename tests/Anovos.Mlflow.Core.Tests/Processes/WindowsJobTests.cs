using System.Diagnostics;
using Anovos.Mlflow.Processes;
using Anovos.Mlflow.Tests.Tracking;
using Anovos.Mlflow.Workflow;

namespace Anovos.Mlflow.Tests.Processes;

/// <summary>Tests of processes in a Windows job object, which Wine supports too.</summary>
public sealed class WindowsJobTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Variables_are_sorted_as_Windows_wants_them() => Assert.Equal(
        "a=1\0B=ü = 2\0c=\0\0",
        WindowsJob.EnvironmentBlock([new("B", "ü = 2"), new("none", null), new("c", ""), new("a", "1")]));

    [Fact]
    public async Task A_child_of_the_first_moment_ends_with_the_job_after_its_parent_has_ended()
    {
        Assert.SkipUnless(OperatingSystem.IsWindows(), "Only Windows has job objects.");
        string held = _folder.Below("held");
        using var tree = new ProcessTree();
        StartedProcess started = tree.Start(Cmd($"start /b cmd /c ping -n 600 127.0.0.1 ^> \"{held}\""));
        started.Process.WaitForExit();
        while (!IsHeld(held))
            await Task.Delay(20, TestContext.Current.CancellationToken);

        await tree.EndAsync(TimeSpan.Zero);
        while (IsHeld(held))
            await Task.Delay(20, TestContext.Current.CancellationToken);
        Assert.False(IsHeld(held));
    }

    [Fact]
    public async Task Output_exit_code_and_folder_are_those_of_the_process()
    {
        Assert.SkipUnless(OperatingSystem.IsWindows(), "Only Windows has job objects.");
        var command = new WorkflowCommand
        {
            FileName = Environment.GetEnvironmentVariable("ComSpec")!,
            Arguments = ["/c", "cd& echo to error>&2& set ANOVOS_E& exit 7"],
            WorkingDirectory = _folder.FullPath,
            Environment = new Dictionary<string, string?> { ["ANOVOS_EXTRA"] = "a = b" },
        };
        List<LogLine> lines = [];
        WorkflowEnd end = await new ChildProcess(command).RunAsync((_, some) => lines.AddRange(some), _ => { }, TestContext.Current.CancellationToken);
        Assert.Equal(7, end.ExitCode);
        Assert.Contains(lines, line => !line.IsError && line.Text.Trim() == _folder.FullPath);
        Assert.Contains(lines, line => line.IsError && line.Text.Trim() == "to error");
        Assert.Contains(lines, line => line.Text.Trim() == "ANOVOS_EXTRA=a = b");
    }

    [Fact]
    public void A_program_that_is_not_there_cannot_be_started()
    {
        Assert.SkipUnless(OperatingSystem.IsWindows(), "Only Windows has job objects.");
        using var tree = new ProcessTree();
        Assert.Throws<System.ComponentModel.Win32Exception>(() => tree.Start(new ProcessStartInfo(_folder.Below("none.exe"))));
    }

    private static ProcessStartInfo Cmd(string arguments) =>
        new(Environment.GetEnvironmentVariable("ComSpec")!, $"/c {arguments}") { WorkingDirectory = Path.GetTempPath() };

    private static bool IsHeld(string file)
    {
        try
        {
            if (!File.Exists(file))
                return false;
            using var alone = new FileStream(file, FileMode.Open, FileAccess.ReadWrite, FileShare.None);
            return false;
        }
        catch (IOException)
        {
            return true;
        }
    }
}
