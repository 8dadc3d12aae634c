using System.ComponentModel;
using System.Diagnostics;
using System.Text;
using Anovos.Mlflow.Processes;
using Anovos.Mlflow.Tracking;

namespace Anovos.Mlflow.Workflow;

/// <summary>Runs a workflow as a child of this process.</summary>
public sealed class ChildProcess(WorkflowCommand command) : IMeasuredEngine
{
    private const string Unbuffered = "PYTHONUNBUFFERED";

    // How long the child gets to exit when asked; Spark needs a second or two.
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(5);

    // Processes that the child started and left running may hold its output open forever.
    private static readonly TimeSpan Leftover = TimeSpan.FromSeconds(1);

    private volatile ProcessTree? _tree;

    TreeUsage? IMeasuredEngine.Usage() => _tree?.Usage();

    /// <inheritdoc/>
    public async Task<WorkflowEnd> RunAsync(Action<ArraySegment<byte>, IReadOnlyList<LogLine>> output, Action<IEnumerable<Tag>> describe, CancellationToken cancellationToken)
    {
        using var timeout = new CancellationTokenSource();
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, cancellationToken);
        using var tree = new ProcessTree();
        using WorkflowFolder folder = CreateFolder(tree);
        using ProcessGuard? guard = ProcessGuard.Start(tree.Mark, folder.Root);
        StartedProcess started = Start(tree, folder);
        _tree = tree;
        Process process = started.Process;
        Encoding? fallback = ConsoleEncoding.OfSystem();
        var exited = new TaskCompletionSource<bool>(TaskCreationOptions.RunContinuationsAsynchronously);
        process.Exited += (_, _) => exited.TrySetResult(true);
        process.EnableRaisingEvents = true;
        if (command.Timeout is { } limit)
            timeout.CancelAfter(limit);

        using var reading = new CancellationTokenSource();
        object turn = new();
        long blocks = 0;
        Task read = Task.WhenAll(
            ReadAsync(started.Output, isError: false),
            ReadAsync(started.Error, isError: true));

        bool isEnded = false;
        using (ended.Token.Register(() => exited.TrySetResult(false)))
            isEnded = !await exited.Task.ConfigureAwait(false);
        if (isEnded)
            await tree.EndAsync(Grace).ConfigureAwait(false);

        for (long seen = -1; !read.IsCompleted && (seen != Interlocked.Read(ref blocks) || seen % 2 != 0);)
        {
            seen = Interlocked.Read(ref blocks);
            await Task.WhenAny(read, Task.Delay(Leftover, CancellationToken.None)).ConfigureAwait(false);
        }

        reading.Cancel();
        await Task.WhenAny(read, Task.Delay(Leftover, CancellationToken.None)).ConfigureAwait(false);
        cancellationToken.ThrowIfCancellationRequested();
        return isEnded ? WorkflowEnd.TimedOut : WorkflowEnd.Exited(process.ExitCode);

        Task ReadAsync(Stream source, bool isError) => Task.Run(async () =>
        {
            var lines = new LineReader(isError, (bytes, some) =>
            {
                // The count is odd while a block is being processed, which may take long: a console is slow.
                lock (turn)
                {
                    Interlocked.Increment(ref blocks);
                    output(bytes, some);
                    Interlocked.Increment(ref blocks);
                }
            }, fallback);
            try
            {
                await lines.ReadAsync(source, reading.Token).ConfigureAwait(false);
                source.Dispose();
            }
            catch (OperationCanceledException)
            {
                // Another process holds the output open; the workflow itself has ended.
                lines.Finish();
            }
        });
    }

    private WorkflowFolder CreateFolder(ProcessTree tree)
    {
        try
        {
            WorkflowFolder.EndLeftovers();
            return WorkflowFolder.Create(tree);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw NoFolder(e);
        }
    }

    private StartedProcess Start(ProcessTree tree, WorkflowFolder folder)
    {
        IReadOnlyList<string> arguments = command.Arguments;
        try
        {
            arguments = command.Copy?.WriteTo(folder, arguments) ?? arguments;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw NoFolder(e);
        }

        if (WindowsName.IsWindows && CommandLine.BrokenByBatch(command.FileName, arguments) is { } broken)
            throw new MlflowException(ErrorKind.InvalidValue, $"The batch file {command.FileName} would not receive the argument '{broken}' unchanged, because Windows runs batch files with cmd.exe. Run the program that the batch file starts, or leave out the quotes and special characters.") { Target = command.FileName };
        try
        {
            return tree.Start(ToStartInfo(arguments));
        }
        catch (Win32Exception e)
        {
            throw new MlflowException(ErrorKind.CommandNotFound, $"'{command.FileName}' cannot be started in {command.WorkingDirectory}: {e.Message}. Check that it exists, that it is executable, and that its folder is in PATH.", e) { Target = command.FileName };
        }
    }

    private ProcessStartInfo ToStartInfo(IReadOnlyList<string> arguments)
    {
        var start = new ProcessStartInfo(command.FileName) { WorkingDirectory = command.WorkingDirectory, UseShellExecute = false };
#if NET
        foreach (string argument in arguments)
            start.ArgumentList.Add(argument);
#else
        start.Arguments = CommandLine.Join(arguments);
#endif

        // Python buffers output to a pipe in blocks of 8 KB, which arrive minutes after its log. Users may set or remove the variable.
        if (!start.Environment.ContainsKey(Unbuffered))
            start.Environment[Unbuffered] = "1";
        foreach (KeyValuePair<string, string?> variable in command.Environment)
        {
            if (variable.Value is null)
                start.Environment.Remove(variable.Key);
            else
                start.Environment[variable.Key] = variable.Value;
        }

        return start;
    }

    private static MlflowException NoFolder(Exception e) => new(ErrorKind.WorkflowFailed,
        $"The program was not started: no temporary folder for it can be created in {Path.GetTempPath()}. {e.Message}", e);
}
