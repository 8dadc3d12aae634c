using Anovos.Mlflow.Artifacts;

namespace Anovos.Mlflow.Tests.Artifacts;

public class ArtifactPathTests
{
    [Theory]
    [InlineData("", "")]
    [InlineData("a/b.txt", "a/b.txt")]
    [InlineData("./a//b/", "a/b")]
    [InlineData("..hidden/a..b", "..hidden/a..b")]
    [InlineData("größe 世/50% + x?.csv", "größe 世/50% + x?.csv")]
    public void A_path_has_one_form(string path, string expected) => Assert.Equal(expected, ArtifactPath.Normalize(path));

    [Theory]
    [InlineData("a:b.csv")]
    [InlineData("a#b")]
    public void A_name_that_some_stores_take_is_left_to_them(string name)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows() && name.Contains(':'), "a drive on Windows");
        Assert.Equal(name, ArtifactPath.Normalize(name));
    }

    [Theory]
    [InlineData("/etc/passwd")]
    [InlineData("../x")]
    [InlineData("a/../../x")]
    [InlineData("C:/x")]
    [InlineData("C:")]
    [InlineData("a\\b")]
    [InlineData("a\0b")]
    public void A_path_that_leaves_the_root_or_that_no_store_takes_is_an_error(string path) =>
        Assert.Equal(ErrorKind.ArtifactPathInvalid, Assert.Throws<MlflowException>(() => ArtifactPath.Normalize(path)).Kind);

    [Fact]
    public void Each_segment_is_percent_encoded() => Assert.Equal("a%20b/50%25%2B%3F", ArtifactPath.Escape("a b/50%+?"));
}
