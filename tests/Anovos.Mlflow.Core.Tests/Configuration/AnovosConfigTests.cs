using System.IO.Pipes;
using System.Text;
using Anovos.Mlflow.Configuration;

namespace Anovos.Mlflow.Tests.Configuration;

public sealed class AnovosConfigTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("anovos-config-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void A_file_is_loaded_with_its_full_path()
    {
        string path = Write("input_dataset: {a: 1}\n");
        AnovosConfig config = AnovosConfig.Load(path);
        Assert.Equal(path, config.Path);
        Assert.Null(config.Tracking);
    }

    [Fact]
    public void An_error_names_path_line_and_column()
    {
        string path = Write("a: 1\nb:\n\tc: 2\n");
        var error = Assert.Throws<MlflowException>(() => AnovosConfig.Load(path));
        Assert.Equal((ErrorKind.ConfigInvalid, path), (error.Kind, error.Target));
        Assert.StartsWith($"{path}:3:1: There is a tab ", error.Message);
    }

    [Fact]
    public void The_first_error_in_the_file_is_thrown()
    {
        var error = Assert.Throws<MlflowException>(() => Sample.Read("mlflow:\n  track_output: 1\nwrite_main: {a: 1}\n"));
        Assert.StartsWith("workflow.yaml:2:17: ", error.Message);
    }

    [Theory]
    [InlineData("missing.yaml", "does not exist")]
    [InlineData("missing/workflow.yaml", "does not exist")]
    [InlineData("", "folder")]
    [InlineData("a\0b", "not the path")]
    public void A_file_that_cannot_be_read_is_ConfigNotFound(string name, string part)
    {
        var error = Assert.Throws<MlflowException>(() => AnovosConfig.Load(_folder + Path.DirectorySeparatorChar + name));
        Assert.Equal(ErrorKind.ConfigNotFound, error.Kind);
        Assert.Contains(part, error.Message);
    }

    [Fact]
    public void A_file_without_the_right_to_read_it_is_ConfigNotFound()
    {
        Assert.SkipWhen(Environment.IsPrivilegedProcess, "root can read everything");
        string path = Write("a: 1\n");
        if (OperatingSystem.IsWindows())
            Assert.Skip("file permissions are set differently on Windows");
        else
            File.SetUnixFileMode(path, UnixFileMode.None);
        var error = Assert.Throws<MlflowException>(() => AnovosConfig.Load(path));
        Assert.Equal(ErrorKind.ConfigNotFound, error.Kind);
    }

    [Theory]
    [InlineData("", "empty")]
    [InlineData("# nothing\n", "empty")]
    [InlineData("---\n", "empty")]
    [InlineData("- a\n", "a list")]
    [InlineData("just text\n", "the text 'just text'")]
    [InlineData("12\n", "the number 12")]
    [InlineData("a: 1\n---\nb: 1\n", "second document")]
    public void A_file_that_is_no_workflow_says_what_it_is(string yaml, string part)
    {
        var error = Assert.Throws<MlflowException>(() => Sample.Read(yaml));
        Assert.Equal(ErrorKind.ConfigInvalid, error.Kind);
        Assert.Contains(part, error.Message);
    }

    [Fact]
    public void A_file_that_is_too_large_is_refused_unread()
    {
        string path = Path.Combine(_folder, "huge.yaml");
        using (FileStream file = File.Create(path))
            file.SetLength(50_000_000);
        var error = Assert.Throws<MlflowException>(() => AnovosConfig.Load(path));
        Assert.Equal(ErrorKind.ConfigInvalid, error.Kind);
        Assert.Contains("50000000 bytes", error.Message);
    }

    [Fact]
    public void A_file_without_an_end_is_refused()
    {
        Assert.SkipUnless(File.Exists("/dev/zero"), "there is no /dev/zero");
        Assert.Contains("bytes", Assert.Throws<MlflowException>(() => AnovosConfig.Load("/dev/zero")).Message);
    }

    [Fact]
    public void A_stream_that_cannot_seek_is_read_to_its_end()
    {
        using var server = new AnonymousPipeServerStream(PipeDirection.Out);
        using var client = new AnonymousPipeClientStream(PipeDirection.In, server.ClientSafePipeHandle);
        server.Write("input_dataset: {a: 1}\n"u8);
        server.Dispose();
        Assert.Equal("1", AnovosConfig.Parse(client, Sample.Path).Settings["input_dataset.a"]);
    }

    [Fact]
    public void Waiting_for_a_pipe_can_be_cancelled()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Windows has no named pipes in its file system");
        string path = Path.Combine(_folder, "pipe");
        Assert.Equal(0, MakePipe(path, Convert.ToUInt32("600", 8)));

        using var cancellation = new CancellationTokenSource();
        Task<AnovosConfig> loading = Task.Run(() => AnovosConfig.Load(path, cancellation.Token));
        cancellation.Cancel();
        Assert.ThrowsAny<OperationCanceledException>(() => loading.GetAwaiter().GetResult());

        // Releases the thread that opened the pipe.
        using var writer = new FileStream(path, FileMode.Open, FileAccess.ReadWrite);
    }

    [Fact]
    public void UTF_16_is_read_by_its_byte_order_mark()
    {
        byte[] bytes = [.. Encoding.Unicode.GetPreamble(), .. Encoding.Unicode.GetBytes("input_dataset:\n  größe: 1\n")];
        Assert.Equal("1", AnovosConfig.Parse(bytes, Sample.Path).Settings["input_dataset.größe"]);
    }

    [Fact]
    public void Steps_are_the_blocks_that_run()
    {
        AnovosConfig config = Sample.Read(Sample.Tracking + "input_dataset: {a: 1}\njoin_dataset:\nwrite_stats: {file_path: x}\nwrite_main: {file_path: y}\n");
        Assert.Equal(["input_dataset", "write_main"], config.Steps);
    }

    private string Write(string yaml)
    {
        string path = Path.Combine(_folder, "workflow.yaml");
        File.WriteAllText(path, yaml);
        return path;
    }

    [System.Runtime.InteropServices.DllImport("libc", EntryPoint = "mkfifo", CharSet = System.Runtime.InteropServices.CharSet.Ansi, BestFitMapping = false, ThrowOnUnmappableChar = true)]
    [System.Runtime.InteropServices.DefaultDllImportSearchPaths(System.Runtime.InteropServices.DllImportSearchPath.SafeDirectories)]
    private static extern int MakePipe(string path, uint mode);
}
