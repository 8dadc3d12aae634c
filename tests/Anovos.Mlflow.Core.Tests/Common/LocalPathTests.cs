using Anovos.Mlflow.Stores;
using Anovos.Mlflow.Tests.Tracking;
using Anovos.Mlflow.Tracking;

namespace Anovos.Mlflow.Tests.Common;

/// <summary>Tests paths and <c>file:</c> URIs with the rules of Windows and of Unix, on any system.</summary>
public sealed class LocalPathTests
{
    [Theory]
    [InlineData(@"D:\work", @"data", @"D:\work\data")]
    [InlineData(@"D:\work\", @"data", @"D:\work\data")]
    [InlineData(@"D:\work", @"\data", @"D:\data")]
    [InlineData(@"D:\work", @"/data", @"D:/data")]
    [InlineData(@"D:\work", @"C:\data", @"C:\data")]
    [InlineData(@"D:\work", @"D:data", @"D:\work\data")]
    [InlineData(@"D:\work", @"C:data", @"C:\data")]
    [InlineData(@"D:\work", @"\\server\share\data", @"\\server\share\data")]
    [InlineData(@"\\server\share\work", @"data", @"\\server\share\work\data")]
    [InlineData(@"\\server\share\work", @"\data", @"\\server\share\data")]
    [InlineData(@"D:\work", @"\\?\C:\data", @"C:\data")]
    [InlineData(@"D:\work", @"\\?\UNC\server\share\data", @"\\server\share\data")]
    [InlineData(@"D:\work", @"a|b", @"D:\work\a|b")]
    [InlineData(@"D:\work", @"", @"D:\work")]
    public void A_path_of_Windows_starts_where_it_says_or_in_the_folder(string folder, string path, string expected) =>
        Assert.Equal(expected, LocalPath.Join(folder, path, onWindows: true));

    [Theory]
    [InlineData("/base", "data", "/base/data")]
    [InlineData("/base/", "data", "/base/data")]
    [InlineData("/base", "/data", "/data")]
    [InlineData("/", "data", "/data")]
    [InlineData("/base", @"\data", @"/base/\data")]
    [InlineData("/base", "C:data", "/base/C:data")]
    public void A_path_of_Unix_starts_at_the_root_or_in_the_folder(string folder, string path, string expected) =>
        Assert.Equal(expected, LocalPath.Join(folder, path, onWindows: false));

    [Theory]
    [InlineData(@"C:\a", true, false)]
    [InlineData(@"C:a", true, false)]
    [InlineData(@"\a", true, false)]
    [InlineData(@"\\server\share", true, false)]
    [InlineData("/a", true, true)]
    [InlineData("a|b", false, false)]
    [InlineData("a<b>:\"*?", false, false)]
    [InlineData("|:a", false, false)]
    [InlineData("", false, false)]
    public void Whether_a_path_has_a_root_is_seen_without_an_exception(string path, bool onWindows, bool elsewhere)
    {
        Assert.Equal(onWindows, LocalPath.IsRooted(path, onWindows: true));
        Assert.Equal(elsewhere, LocalPath.IsRooted(path, onWindows: false));
    }

    [Theory]
    [InlineData(@"C:\mlruns", "file:///C:/mlruns")]
    [InlineData(@"C:\my runs\größe", "file:///C:/my%20runs/gr%C3%B6%C3%9Fe")]
    [InlineData(@"\\server\share\mlruns", "file://server/share/mlruns")]
    [InlineData(@"\\server\share\my runs", "file://server/share/my%20runs")]
    public void A_path_of_Windows_and_its_URI_are_the_same_folder(string path, string uri)
    {
        Assert.Equal(uri, LocalUri.FromPath(path, onWindows: true));
        Assert.Equal(path.Replace('\\', '/'), LocalUri.ToPath(uri, onWindows: true).Replace('\\', '/'));
        Assert.Null(LocalRoot.WhyUnusable(uri, onWindows: true));
        Assert.Null(LocalRoot.WhyUnusable(path, onWindows: true));
        Assert.NotNull(LocalRoot.WhyUnusable(uri, onWindows: false));
        Assert.NotNull(LocalRoot.WhyUnusable(path, onWindows: false));
    }

    [Theory]
    [InlineData(@"\\?\C:\mlruns", @"C:\mlruns", "file:///C:/mlruns")]
    [InlineData(@"\\?\UNC\server\share\mlruns", @"\\server\share\mlruns", "file://server/share/mlruns")]
    public void The_prefix_of_long_paths_is_left_out(string path, string expected, string uri)
    {
        Assert.Equal(expected, LocalUri.ToPath(path, onWindows: true));
        Assert.Equal(uri, LocalUri.FromPath(path, onWindows: true));
        Assert.Null(LocalRoot.WhyUnusable(path, onWindows: true));
        Assert.Equal(path, LocalUri.ToPath(path, onWindows: false));
    }

    [Theory]
    [InlineData(@"C:\", true, "is the root of the disk")]
    [InlineData("file:///C:/", true, "is the root of the disk")]
    [InlineData("file://server/share", true, "is the root of the disk")]
    [InlineData(@"\\server\share\", true, "is the root of the disk")]
    [InlineData("/tmp/x", true, "is a folder on another machine")]
    [InlineData(@"\data", true, "is relative to an unknown folder")]
    [InlineData("mlruns", true, "is relative to an unknown folder")]
    [InlineData("a|b", true, "is relative to an unknown folder")]
    [InlineData("/", false, "is the root of the disk")]
    [InlineData("file:///", false, "is the root of the disk")]
    [InlineData("file://server/share", false, "is a folder on another machine")]
    public void A_root_that_names_no_folder_of_this_machine_says_why(string root, bool onWindows, string expected) =>
        Assert.Equal(expected, LocalRoot.WhyUnusable(root, onWindows));

    [Fact]
    public void A_folder_on_Windows_may_be_a_share_whose_URI_is_accepted_again()
    {
        Assert.SkipUnless(OperatingSystem.IsWindows(), "Only Windows has shares.");
        TrackingTarget target = TrackingTarget.Parse(@"\\server\share\mlruns", @"C:\");
        Assert.Equal("file://server/share/mlruns", target.Uri);
        Assert.Equal(target.Directory, TrackingTarget.Parse(target.Uri, @"C:\").Directory);
    }

    [Fact]
    public void A_path_that_this_system_cannot_have_is_an_error_of_its_own()
    {
        MlflowException e = Assert.Throws<MlflowException>(() => LocalPath.Full(Path.GetTempPath(), "a\0b"));
        Assert.Equal(ErrorKind.InvalidValue, e.Kind);
        Assert.Contains("is not a valid path on this system", e.Message);
    }
}
