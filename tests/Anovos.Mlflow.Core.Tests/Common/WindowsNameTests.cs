using Anovos.Mlflow.Artifacts;
using Anovos.Mlflow.Tracking;

namespace Anovos.Mlflow.Tests.Common;

/// <summary>Tests that one rule rejects names that Windows does not allow, wherever files are written.</summary>
public sealed class WindowsNameTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("anovos-names-").FullName;

    public static TheoryData<string> Refused =>
    [
        "aux", "AUX", "con.txt", "nul.tar.gz", "com1", "com¹", "COM²", "lpt³.log", "COM0", "lpt0",
        "aux .txt", "nul. .", "CONIN$", "conout$",
        "ends.", "ends ", "...", "a:b", "a:b:$DATA", "what?", "star*", "a|b", "<a", "a>", "\"a\"", "bell\a", new string('x', 256),
    ];

    public static TheoryData<string> Taken =>
    [
        "auxiliary", "com", "com10", "com1x", "com⁴", "console.txt", "a.b", ".hidden", "größe 世.txt", "a'b&c%d", new string('x', 255),
    ];

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [MemberData(nameof(Refused))]
    public async Task A_name_that_Windows_lacks_is_refused_where_it_would_be_written(string name)
    {
        Assert.NotNull(WindowsName.WhyRefused(name));
        Assert.NotNull(ListedName.WhyRefused(name, windows: true));
        Assert.NotNull(FileNames.WhyInvalid("folder/" + name, onWindows: true));

        using var store = new LocalArtifactStore(Path.Combine(_folder, "artifacts"), onWindows: true);
        string file = Path.Combine(_folder, "file");
        await File.WriteAllTextAsync(file, "text", TestContext.Current.CancellationToken);
        MlflowException e = await Assert.ThrowsAsync<MlflowException>(
            () => store.SendAsync(new FileSource(new FileInfo(file)), $"folder/{name}/file", _ => { }, default));
        Assert.Equal((ErrorKind.ArtifactPathInvalid, true), (e.Kind, e.ConcernsOneFile()));
        Assert.False(Directory.Exists(store.Root));
    }

    [Theory]
    [MemberData(nameof(Taken))]
    public void Any_other_name_is_taken(string name)
    {
        Assert.Null(WindowsName.WhyRefused(name));
        Assert.Null(ListedName.WhyRefused(name, windows: true));
    }

    [Fact]
    public async Task One_name_is_refused_and_the_other_files_of_the_transfer_go_on()
    {
        using var store = new LocalArtifactStore(Path.Combine(_folder, "artifacts"), onWindows: true);
        string file = Path.Combine(_folder, "file");
        await File.WriteAllTextAsync(file, "text", TestContext.Current.CancellationToken);
        string[] names = ["a", "aux.txt", "b", "con/ends.", "con/c"];
        ArtifactUpload[] files = [.. names.Select(name => new ArtifactUpload(new FileInfo(file), name))];
        List<string> refused = [];
        var policy = new SendPolicy(Journal: null, Resend: false, Verify: false);
        await new ArtifactTransfer(store, 1, policy).SendAsync(files, Completed, _ => { }, TestContext.Current.CancellationToken);
        Assert.Equal(
            [
                "The artifact 'aux.txt' cannot exist in a folder on this system: 'aux.txt' is a device name on Windows.",
                "The artifact 'con/c' cannot exist in a folder on this system: 'con' is a device name on Windows.",
                "The artifact 'con/ends.' cannot exist in a folder on this system: 'con' is a device name on Windows.",
            ],
            refused.Order(StringComparer.Ordinal));
        Assert.Equal(["a", "b"], Directory.EnumerateFiles(store.Root).Select(path => Path.GetFileName(path)).Order());

        void Completed(ArtifactUploaded result)
        {
            if (result.Error is { } error)
                refused.Adder()(error.Message);
        }
    }

    [Fact]
    public async Task Elsewhere_such_names_are_usual()
    {
        using var store = new LocalArtifactStore(Path.Combine(_folder, "artifacts"), onWindows: false);
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Windows has no such names.");
        string file = Path.Combine(_folder, "file");
        await File.WriteAllTextAsync(file, "text", TestContext.Current.CancellationToken);
        foreach (string name in new[] { "aux", "a:b", "ends.", "what?", "bell\a" })
            await store.SendAsync(new FileSource(new FileInfo(file)), name, _ => { }, default);
        Assert.Equal(5, (await store.ListAsync("", default)).Count);
    }
}
