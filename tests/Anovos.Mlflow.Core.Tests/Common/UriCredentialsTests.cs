namespace Anovos.Mlflow.Tests.Common;

public class UriCredentialsTests
{
    [Theory]
    [InlineData("https://user:token@dev.azure.com/org/_git/repo", "https://dev.azure.com/org/_git/repo", "https://…@dev.azure.com/org/_git/repo")]
    [InlineData("https://token@github.com/a/b.git", "https://github.com/a/b.git", "https://…@github.com/a/b.git")]
    [InlineData("https://user:to/ken@host/a", "https://host/a", "https://…@host/a")]
    [InlineData("https://user:p@ss#w?rd@host:8080/a", "https://host:8080/a", "https://…@host:8080/a")]
    [InlineData("ssh://git@github.com/a/b.git", "ssh://github.com/a/b.git", "ssh://…@github.com/a/b.git")]
    [InlineData("git@github.com:a/b.git", "git@github.com:a/b.git", "git@github.com:a/b.git")]
    [InlineData("postgresql://ada:hush@db/mlflow", "postgresql://db/mlflow", "postgresql://…@db/mlflow")]
    [InlineData("ada:hush@mlflow:5000", "ada:hush@mlflow:5000", "…@mlflow:5000")]
    [InlineData("file:///home/a@b/runs", "file:///home/a@b/runs", "file://…@b/runs")]
    [InlineData("https://host/a@b", "https://host/a@b", "https://…@b")]
    [InlineData("./a:b@c", "./a:b@c", "./a:b@c")]
    [InlineData("runs@2", "runs@2", "runs@2")]
    [InlineData("http://mlflow:5000/x", "http://mlflow:5000/x", "http://mlflow:5000/x")]
    [InlineData("", "", "")]
    public void Credentials_are_removed_to_store_a_URI_and_hidden_to_show_it(string uri, string stored, string shown) =>
        Assert.Equal((stored, shown), (UriCredentials.Remove(uri), UriCredentials.Hide(uri)));

    [Theory]
    [InlineData("http://ada:hush@proxy:3128", "http://proxy:3128", "ada", "hush")]
    [InlineData("ada:hush@proxy:3128", "proxy:3128", "ada", "hush")]
    [InlineData("http://ada@proxy", "http://proxy", "ada", null)]
    [InlineData("http://proxy", "http://proxy", null, null)]
    public void They_are_taken_apart(string uri, string address, string? user, string? password) =>
        Assert.Equal((address, user, password), UriCredentials.Split(uri));

    [Fact]
    public void No_URI_has_none() => Assert.Null(UriCredentials.Remove(null));
}
