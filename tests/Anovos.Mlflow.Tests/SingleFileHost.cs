namespace Anovos.Mlflow.Tests;

/// <summary>The host as a single file that includes .NET, published once for the tests that use it without a checkout.</summary>
public sealed class SingleFileHost : IDisposable
{
    private readonly Lazy<string> _path;
    private readonly string _folder = Directory.CreateTempSubdirectory("anovos-mlflow-host-").FullName;

    public SingleFileHost() => _path = new Lazy<string>(Publish);

    /// <summary>The path of the program, which is alone in its folder.</summary>
    public string Path => _path.Value;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private string Publish()
    {
        // The module is already staged, and must not change while other tests use it.
        (int exitCode, string output, string error) = CleanProcess.Run(
            CleanProcess.Find("dotnet") ?? throw Xunit.Sdk.SkipException.ForSkip("there is no dotnet on the PATH"),
            [
                "publish", System.IO.Path.Combine(Repository.Root, "src", "Anovos.Mlflow.Host"), "-c", Repository.Configuration, "-o", _folder, "-v", "quiet", "--nologo",
                "--use-current-runtime", "--self-contained", "-p:PublishSingleFile=true", "-p:BuildProjectReferences=false",
            ],
            Repository.Root,
            CleanEnvironment.Variables);
        Assert.SkipWhen(output.Contains("error NU1"), "the runtime that goes into a self-contained program cannot be restored here");
        Assert.True(exitCode == 0, output + error);
        return Assert.Single(Directory.GetFileSystemEntries(_folder));
    }
}

/// <summary>The collection of the tests that share the host.</summary>
[CollectionDefinition(Name)]
public sealed class SingleFileHostCollection : ICollectionFixture<SingleFileHost>
{
    public const string Name = "single file";
}
