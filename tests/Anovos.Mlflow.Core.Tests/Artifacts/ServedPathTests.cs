using Anovos.Mlflow.Artifacts;

namespace Anovos.Mlflow.Tests.Artifacts;

/// <summary>The paths that MLflow's own code turns these into, as 3.11 prints them below a root <c>r</c>.</summary>
public class ServedPathTests
{
    [Theory]
    [InlineData("a%20b", "a b")]
    [InlineData("a%2520b", "a b")]
    [InlineData("ts=10%3A00", "ts=10:00")]
    [InlineData("city=A%2FB", "city=A/B")]
    [InlineData("a\tb", "ab")]
    [InlineData("a\rb", "ab")]
    [InlineData("a\nb", "ab")]
    [InlineData("report?", "report")]
    [InlineData("report;", "report")]
    [InlineData("report;?", "report")]
    [InlineData("a;?b", "a?b")]
    [InlineData("a;b?", "a;b")]
    [InlineData("d;?/x", "d?/x")]
    [InlineData("d/x;", "d/x")]
    [InlineData("a#", "a")]
    [InlineData("a?#", "a")]
    [InlineData("a%3F", "a")]
    [InlineData("a%3B", "a")]
    [InlineData("a%09", "a")]
    [InlineData("%2e%2e/x", "../x")]
    [InlineData("a%5Cb", "a\\b")]
    [InlineData("%25zz", "%zz")]
    [InlineData("%%41", "%A")]
    [InlineData("%4%31", "A")]
    [InlineData("%FF", "\uFFFD")]
    [InlineData("%C3", "\uFFFD")]
    [InlineData("%e4%b8%96", "世")]
    [InlineData("a\u0001b", "a%01b")]
    [InlineData("a\u007fb", "a%7fb")]
    public void A_path_that_the_server_would_change_is_refused(string path, string stored)
    {
        Assert.Equal(stored, ServedPath.Decode(path));
        MlflowException e = Assert.Throws<MlflowException>(() => ServedPath.ThrowIfChanged(path, "it is not sent"));
        Assert.Equal(ErrorKind.ArtifactPathInvalid, e.Kind);
        Assert.Equal(path, e.Target);
        Assert.DoesNotContain(e.Message, char.IsControl);
    }

    [Theory]
    [InlineData("50%")]
    [InlineData("50%zz")]
    [InlineData("%")]
    [InlineData("a%2")]
    [InlineData("a?b")]
    [InlineData("a;b")]
    [InlineData("a?b;")]
    [InlineData("a?b?")]
    [InlineData("a?;")]
    [InlineData("a;;")]
    [InlineData("a??")]
    [InlineData("a;b/f")]
    [InlineData("a?b/f")]
    [InlineData("a;b?c/f")]
    [InlineData("a?;/f")]
    [InlineData("a;;/f")]
    [InlineData(";f/g")]
    [InlineData("?f/g")]
    [InlineData("x?y;/f")]
    [InlineData("x?y/z;/f")]
    [InlineData("x?y/z?/f")]
    [InlineData("a;b/c?d;")]
    [InlineData("a;b?d/e;f")]
    [InlineData(" a")]
    [InlineData("a ")]
    [InlineData("C:x")]
    [InlineData("HTTP:/x")]
    [InlineData("größe 世 😀")]
    [InlineData("a+b=c&[d]'\"")]
    [InlineData("a\u2028b\u0085")]
    public void A_path_that_the_server_keeps_is_not_refused(string path)
    {
        Assert.Equal(path, ServedPath.Decode(path));
        Assert.Null(ServedPath.WhyChanged(path));
    }

    // 2.17 and 3.11 store these under their own names, but then list another folder.
    [Theory]
    [InlineData("d?/x", "d?", "d")]
    [InlineData("d;/x", "d;", "d")]
    [InlineData("d;/x;y", "d;", "d")]
    [InlineData("a;b?/f", "a;b?", "a;b")]
    [InlineData("x;/y/f", "x;", "x")]
    [InlineData("x?/y/f", "x?", "x")]
    [InlineData("u/a;/f.csv", "u/a;", "u/a")]
    [InlineData("a;/b;/f", "a;/b;", "a;/b")]
    [InlineData("a;/b?c", "a;", "a")]
    [InlineData("a?/?", "a?", "a")]
    [InlineData(";/f", ";", "")]
    [InlineData("?/f", "?", "")]
    public void A_path_with_a_folder_that_the_server_lists_as_another_is_refused(string path, string folder, string listed)
    {
        Assert.Equal(path, ServedPath.Decode(path));
        MlflowException e = Assert.Throws<MlflowException>(() => ServedPath.ThrowIfChanged(path, "it is not sent"));
        Assert.Equal(ErrorKind.ArtifactPathInvalid, e.Kind);
        Assert.Contains($"lists the folder '{folder}' as '{listed}'", e.Message);
    }

    [Theory]
    [InlineData("a#b")]
    [InlineData("%252525252525252525252525252525252541")]
    public void A_path_that_the_server_does_not_accept_is_refused(string path)
    {
        MlflowException e = Assert.Throws<MlflowException>(() => ServedPath.ThrowIfChanged(path, "it is not sent"));
        Assert.Equal(ErrorKind.ArtifactPathInvalid, e.Kind);
    }
}
