using System.Diagnostics;
using Anovos.Mlflow.Tests.Tracking;
using Anovos.Mlflow.Workflow;

namespace Anovos.Mlflow.Tests.Workflow;

/// <summary>Tests with real child processes: <c>tests/workflow/workflow.py</c>, which behaves like a workflow.</summary>
public sealed class ChildProcessTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly MemoryStream _raw = new();
    private readonly List<LogLine> _lines = [];

    [Fact]
    public async Task Arguments_variables_and_folder_arrive_as_they_are()
    {
        string[] odd = ["a b", "\"q\"", "$HOME", "*", "", "größe", "back\\slash\\", "'", "x\ny", ";ls"];
        Assert.Equal(0, await Run(["--show", "--", .. odd], new Dictionary<string, string?> { ["ANOVOS_TEST_EXTRA"] = "ü = 1", ["HOME"] = null }));

        string[] output = [.. _lines.Where(line => !line.IsError).Select(line => line.Text)];
        Assert.Contains("ANOVOS_TEST_EXTRA ü = 1", output);
        Assert.Contains($"folder {_folder.FullPath} stdin ''", output);
        Assert.Equal("""arguments ['$HOME', '*', '', 'größe', 'back\\slash\\', "'", 'x\ny', ';ls'] a b "q" """.TrimEnd(), output[0]);
    }

    [Fact]
    public async Task The_exit_code_comes_back() => Assert.Equal(7, await Run(["--exit", "7"]));

    [Fact]
    public async Task No_line_of_a_flood_is_lost_and_none_is_torn()
    {
        await Run(["--flood", "200000"]);
        string[] flood = [.. _lines.Where(line => !line.IsError).Select(line => line.Text)];
        Assert.Equal(Enumerable.Range(0, 200_000).Select(i => $"{i:D8} " + new string('x', 80)), flood);
    }

    [Fact]
    public async Task Bytes_that_are_no_text_and_a_last_line_without_end_arrive()
    {
        await Run(["--odd"]);
        string[] output = [.. _lines.Where(line => !line.IsError).Select(line => line.Text)];
        Assert.Equal("progress 100%", output[0]);
        Assert.Equal("the end has no end", output[^1]);
        byte[] raw = _raw.ToArray();
        Assert.True(raw.AsSpan().IndexOf("progress 1%\rprogress 50%\rprogress 100%\r\n"u8) >= 0);
        Assert.True(raw.AsSpan().IndexOf((byte[])[0xFF, 0xFE]) >= 0);
    }

    [Fact]
    public async Task A_process_that_is_left_behind_with_the_output_open_is_not_waited_for()
    {
        string pid = _folder.Below("left");
        Task<int?> running = Run(["--leave", pid]);
        Assert.Equal(0, await running);
        using Process left = Process.GetProcessById((await Wait(pid, running))[0]);
        Assert.False(left.HasExited);
        left.Kill();
        Assert.Contains(_lines, line => line.Text.Contains("=201.4"));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task What_is_cancelled_ends_with_all_that_it_started(bool stubborn)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "processes are looked up in /proc");
        string pids = _folder.Below("pids");
        using var stop = new CancellationTokenSource();
        Task<int?> running = Run(["--hang", "--child", pids, .. stubborn ? ["--stubborn"] : Array.Empty<string>()], cancellationToken: stop.Token);
        int[] started = await Wait(pids, running);
        Assert.Equal(3, started.Count(IsAlive));
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => running);
        for (int i = 0; i < 500 && started.Any(IsAlive); i++)
            await Task.Delay(20, TestContext.Current.CancellationToken);
        Assert.DoesNotContain(started, IsAlive);
    }

    [Fact]
    public async Task What_runs_out_of_its_time_is_ended() =>
        Assert.Null(await Run(["--hang"], timeout: TimeSpan.FromMilliseconds(800)));

    [Fact]
    public async Task A_program_that_is_not_there_is_an_error_that_names_it()
    {
        var command = new WorkflowCommand { FileName = _folder.Below("none"), WorkingDirectory = _folder.FullPath };
        MlflowException error = await Assert.ThrowsAsync<MlflowException>(() => new ChildProcess(command).RunAsync((_, _) => { }, _ => { }, default));
        Assert.Equal((ErrorKind.CommandNotFound, command.FileName), (error.Kind, error.Target));
    }

    public void Dispose()
    {
        _raw.Dispose();
        _folder.Dispose();
    }

    private async Task<int?> Run(string[] arguments, Dictionary<string, string?>? environment = null, TimeSpan? timeout = null, CancellationToken cancellationToken = default)
    {
        var command = new WorkflowCommand
        {
            FileName = Python(),
            Arguments = [Path.Combine(SharedMaterial.Repository()!, "tests", "workflow", "workflow.py"), .. arguments],
            WorkingDirectory = _folder.FullPath,
            Environment = environment ?? [],
            Timeout = timeout,
        };
        return (await new ChildProcess(command).RunAsync((bytes, lines) =>
        {
            _raw.Write(bytes);
            _lines.AddRange(lines);
        }, _ => { }, cancellationToken)).ExitCode;
    }

    private static string Python()
    {
        string? found = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator)
            .SelectMany(folder => new[] { "python3", "python3.exe", "python.exe" }.Select(name => Path.Combine(folder, name))).FirstOrDefault(File.Exists);
        Assert.SkipWhen(found is null, "there is no python3 in PATH, in which tests/workflow/workflow.py is written");
        return found!;
    }

    // Not longer than the workflow runs. The workflow skips the test if there is no python3.
    private static async Task<int[]> Wait(string file, Task<int?> running)
    {
        while (!File.Exists(file))
        {
            if (running.IsCompleted)
                await running;
            await Task.Delay(20, TestContext.Current.CancellationToken);
        }

        return [.. File.ReadAllLines(file).Select(int.Parse)];
    }

    // A process that has ended stays in the table until its parent asks for it.
    private static bool IsAlive(int id)
    {
        string stat = $"/proc/{id}/stat";
        return File.Exists(stat) && File.ReadAllText(stat) is var text && text[text.LastIndexOf(')') + 2] is not ('Z' or 'X');
    }
}
