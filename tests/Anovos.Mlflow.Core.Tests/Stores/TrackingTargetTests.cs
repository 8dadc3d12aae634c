using Anovos.Mlflow.Stores;
using Anovos.Mlflow.Tests.Tracking;
using Anovos.Mlflow.Tracking;

namespace Anovos.Mlflow.Tests.Stores;

public class TrackingTargetTests
{
    [Theory]
    [InlineData("mlruns", "/base/mlruns")]
    [InlineData("./a/../mlruns", "/base/mlruns")]
    [InlineData("/srv/mlruns", "/srv/mlruns")]
    [InlineData("file:mlruns", "/base/mlruns")]
    [InlineData("file:///srv/my%20runs", "/srv/my runs")]
    [InlineData("file://localhost/srv/mlruns", "/srv/mlruns")]
    public void A_path_or_a_file_URI_is_a_folder(string uri, string folder)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "the expected paths are those of Unix");
        TrackingTarget target = TrackingTarget.Parse(uri, "/base");
        Assert.Equal(folder, target.Directory);
        Assert.Equal(folder, TrackingTarget.Parse(target.Uri, "/elsewhere").Directory);
    }

    [Theory]
    [InlineData("sqlite:///mlflow.db", "/base/mlflow.db")]
    [InlineData(" sqlite:///mlflow.db ", "/base/mlflow.db")]
    [InlineData("sqlite:///./a/../x y.db", "/base/x y.db")]
    [InlineData("sqlite:////srv/runs/mlflow.db", "/srv/runs/mlflow.db")]
    [InlineData("sqlite+pysqlite:///runs", "/base/runs")]
    [InlineData("SQLITE:///a%20b.db", "/base/a%20b.db")]
    public void A_sqlite_URI_is_a_database(string uri, string path)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "the expected paths are those of Unix");
        TrackingTarget target = TrackingTarget.Parse(uri, "/base");
        Assert.Equal((path, null, true), (target.Database, target.Directory, target.IsLocal));
        Assert.Equal(Path.Combine(Path.GetDirectoryName(path)!, "mlruns"), target.ArtifactFolder);
        Assert.True(TrackingTarget.IsLocalUri(target.Uri));
        Assert.Equal(path, TrackingTarget.Parse(target.Uri, "/elsewhere").Database);
    }

    [Theory]
    [InlineData("runs.db", true)]
    [InlineData("runs.sqlite", true)]
    [InlineData("runs.SQLite3", true)]
    [InlineData("a database", true)]
    [InlineData("mlruns", false)]
    [InlineData("folder.db", false)]
    [InlineData("a text", false)]
    [InlineData("short", false)]
    [InlineData("no folder", false)]
    public void The_path_of_a_database_is_told_from_that_of_a_folder(string name, bool isDatabase)
    {
        using var temporary = new TemporaryFolder();
        string Full(string file) => Path.Combine(temporary.FullPath, file);
        Directory.CreateDirectory(Full("folder.db"));
        File.WriteAllText(Full("a database"), "SQLite format 3\0 and so on");
        File.WriteAllText(Full("a text"), "SQLite format 4\0 and so on");
        File.WriteAllText(Full("short"), "SQLite");
        TrackingTarget target = TrackingTarget.Parse(Full(name), "/base").OrDatabase();
        Assert.Equal(isDatabase ? (Full(name), null) : (null, Full(name)), (target.Database, target.Directory));
        Assert.Equal(name is "a database" or "folder.db", target.Exists);
        Assert.Same(target, target.OrDatabase());
    }

    [Theory]
    [InlineData("http://mlflow:5000", "http://mlflow:5000")]
    [InlineData(" https://corp/tools/mlflow/ ", "https://corp/tools/mlflow")]
    [InlineData("http://ada:hush@mlflow:5000/x?y#z", "http://mlflow:5000/x")]
    public void An_http_URI_is_a_server_and_shows_no_password(string uri, string expected)
    {
        TrackingTarget target = TrackingTarget.Parse(uri, "/base");
        Assert.Equal(expected, target.Uri);
        Assert.DoesNotContain("hush", target.ToString());
        Assert.DoesNotContain("hush", target.Server!.ToString());
    }

    [Theory]
    [InlineData("a:b/mlruns", "/base/a:b/mlruns", "a:b/mlruns")]
    [InlineData("odd:name", "/base/odd:name", "odd:name")]
    [InlineData("localhost:5000", "/base/localhost:5000", "localhost:5000")]
    [InlineData("mlflow.example.com", "/base/mlflow.example.com", "mlflow.example.com")]
    [InlineData("C:\\mlruns", "/base/C:\\mlruns", "C:\\mlruns")]
    [InlineData("./a:b", "/base/a:b", null)]
    [InlineData("./localhost:5000", "/base/localhost:5000", null)]
    [InlineData("./runs.v2", "/base/runs.v2", null)]
    [InlineData("old/runs.v2", "/base/old/runs.v2", null)]
    [InlineData(".mlruns", "/base/.mlruns", null)]
    [InlineData("..", "/", null)]
    [InlineData("/srv/a:b/c", "/srv/a:b/c", null)]
    [InlineData("file:/srv/a:b", "/srv/a:b", null)]
    [InlineData(".\\runs\\x", "/base/runs/x", null)]
    [InlineData("~", "/home", null)]
    [InlineData("~/mlruns", "/home/mlruns", null)]
    [InlineData("file:~/mlruns", "/home/mlruns", null)]
    [InlineData("~\\mlruns", "/home/mlruns", null)]
    public void A_folder_is_understood(string uri, string folder, string? existing)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "the expected paths are those of Unix");
        using var temporary = new TemporaryFolder();
        string root = temporary.FullPath, home = Environment.GetFolderPath(Environment.SpecialFolder.UserProfile);
        if (existing is not null)
            Directory.CreateDirectory(Path.Combine(root, existing));
        string expected = folder.StartsWith("/base", StringComparison.Ordinal) ? root + folder["/base".Length..]
            : folder.StartsWith("/home", StringComparison.Ordinal) ? home + folder["/home".Length..]
            : folder == "/" ? Path.GetDirectoryName(root)!
            : folder;

        TrackingTarget target = TrackingTarget.Parse(uri, root);

        Assert.Equal((expected, null), (target.Directory, target.Warning));
        Assert.Equal(expected, TrackingTarget.Parse(target.Uri, "/elsewhere").Directory);
        Assert.Equal(expected, TrackingTarget.Parse(target.Directory!, "/elsewhere").Directory);
    }

    [Theory]
    [InlineData("localhost:5000", "http://localhost:5000")]
    [InlineData("mlflow:80/prefix/", "http://mlflow/prefix")]
    [InlineData("mlflow.example.com:5000", "http://mlflow.example.com:5000")]
    [InlineData("10.0.0.5:5000", "http://10.0.0.5:5000")]
    [InlineData("[::1]:5000", "http://[::1]:5000")]
    [InlineData("my_host:5000/api/2.0/mlflow", "http://my_host:5000")]
    [InlineData("ada:hush@mlflow:5000", "http://mlflow:5000")]
    public void Host_and_port_are_a_server_with_a_warning(string uri, string expected)
    {
        TrackingTarget target = TrackingTarget.Parse(uri, "/base");
        Assert.Equal((expected, null), (target.Uri, target.Directory));
        Assert.Contains($"is read as {expected}", target.Warning);
        Assert.DoesNotContain("hush", target.Warning);
        Assert.Null(TrackingTarget.Parse(target.Uri, "/base").Warning);
    }

    [Theory]
    [InlineData("http://mlflow:5000/api/2.0/mlflow", "http://mlflow:5000")]
    [InlineData("http://mlflow:5000/api/2.0/mlflow/", "http://mlflow:5000")]
    [InlineData("https://corp/tools/api/2.0/mlflow-artifacts", "https://corp/tools")]
    [InlineData("https://corp/ajax-api/2.0/mlflow", "https://corp")]
    [InlineData("https://corp/api/2.0", "https://corp")]
    [InlineData("http://mlflow:5000/#/experiments/1", "http://mlflow:5000")]
    [InlineData("https://corp/a%20b/api/2.0/mlflow", "https://corp/a%20b")]
    [InlineData("https://corp/api/2.0/mlflow/x", "https://corp/api/2.0/mlflow/x")]
    [InlineData("https://corp/api", "https://corp/api")]
    public void The_path_of_the_API_belongs_to_no_server(string uri, string expected) =>
        Assert.Equal(expected, TrackingTarget.Parse(uri, "/base").Uri);

    [Theory]
    [InlineData("mlflow.example.com", "https://mlflow.example.com for a server, or ./mlflow.example.com")]
    [InlineData("mlflow.example.com/prefix", "https://mlflow.example.com/prefix for a server, or ./mlflow.example.com/prefix")]
    [InlineData("10.0.0.5", "https://10.0.0.5 for a server")]
    [InlineData("localhost", "https://localhost for a server, or ./localhost")]
    [InlineData("//mlflow/x", "http://mlflow/x for a server, or /mlflow/x for a folder")]
    [InlineData("\\\\server\\share", "http://server/share for a server")]
    [InlineData("C:\\mlruns", "is a Windows path")]
    [InlineData("c:/mlruns", "is a Windows path")]
    [InlineData("file:///C:/mlruns", "is a Windows path")]
    [InlineData("file:C:/mlruns", "is a Windows path")]
    [InlineData("~ada/mlruns", "another user")]
    [InlineData("odd:name", "./ before it")]
    [InlineData("mlflow:99999", "./ before it")]
    [InlineData("ada:hush@mlflow", "./ before it")]
    public void What_may_be_a_folder_or_a_server_is_neither(string uri, string advice)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "the paths are those of Unix");
        MlflowException e = Assert.Throws<MlflowException>(() => TrackingTarget.Parse(uri, "/base"));
        Assert.Equal(ErrorKind.UriUnsupported, e.Kind);
        Assert.Contains(advice, e.Message);
        Assert.DoesNotContain("hush", e.Message + e.Target);
    }

    [Theory]
    [InlineData("mysql://ada:hush@db/mlflow", "mlflow server --backend-store-uri")]
    [InlineData("sqlite://mlflow.db", "sqlite:///folder/file.db for a relative path")]
    [InlineData("sqlite:///", "does not name a file")]
    [InlineData("sqlite:///:memory:", "does not name a file")]
    [InlineData("sqlite:///runs.db?mode=ro", "settings after '?'")]
    [InlineData("sqlite:///runs/", "sqlite:///runs/mlflow.db")]
    [InlineData("sqlite:///~/runs.db", "Give the full path")]
    [InlineData("postgresql+psycopg2://ada:hush@db/mlflow", "mlflow server --backend-store-uri")]
    [InlineData("databricks-uc", "model registry")]
    [InlineData("databricks://scope:", "secret scope")]
    [InlineData("databricks://:prefix", "secret scope")]
    [InlineData("databricks://scope:prefix:more", "secret scope")]
    [InlineData("databricks://ada:hush@scope", "secret scope")]
    [InlineData("ftp://host/x", "http://host:port")]
    [InlineData("http://", "does not name a host")]
    [InlineData("", "empty")]
    [InlineData("file://server/share", "this machine")]
    public void What_cannot_be_tracked_to_says_what_can(string uri, string advice)
    {
        Assert.SkipWhen(WindowsName.IsWindows && uri.StartsWith("file://server/", StringComparison.Ordinal), "on Windows that is a share");
        MlflowException e = Assert.Throws<MlflowException>(() => TrackingTarget.Parse(uri, "/base"));
        Assert.Equal(ErrorKind.UriUnsupported, e.Kind);
        Assert.Contains(advice, e.Message);
        Assert.DoesNotContain("hush", e.Message);
    }
}
