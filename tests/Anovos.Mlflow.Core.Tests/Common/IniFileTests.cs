using Anovos.Mlflow.Tests.Tracking;

namespace Anovos.Mlflow.Tests.Common;

public sealed class IniFileTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("[prod]")]
    [InlineData("  [prod]  ")]
    [InlineData("[ prod ]")]
    [InlineData("[prod] # the workspace of [the team]")]
    [InlineData("[prod] ; renamed")]
    [InlineData("[prod]# no space")]
    public void A_section_name_ends_at_its_closing_bracket(string header)
    {
        IniFile file = Read($"[DEFAULT]\ntoken = default\n{header}\ntoken = prod\n");
        Assert.Equal(["DEFAULT", "prod"], file.Names);
        Assert.Equal("default", file.Section("DEFAULT")!["token"]);
        Assert.Equal("prod", file.Section("prod")!["token"]);
    }

    [Fact]
    public void A_key_on_the_line_of_a_header_belongs_to_that_section()
    {
        IniFile file = Read("[a]\nhost = a\n[b] host = b\ntoken = t\n");
        Assert.Equal("a", file.Section("a")!["host"]);
        Assert.Equal(("b", "t"), (file.Section("b")!["host"], file.Section("b")!["token"]));
    }

    [Theory]
    [InlineData("[prod")]
    [InlineData("[prod # the workspace")]
    [InlineData("[")]
    [InlineData("[prod] dapi-secret")]
    [InlineData("[prod] = x")]
    public void A_line_that_starts_with_a_bracket_and_is_not_a_header_is_an_error_that_quotes_nothing(string line)
    {
        string path = Write($"[a]\nhost = a\n{line}\ntoken = dapi-secret\n");
        FormatException e = Assert.Throws<FormatException>(() => IniFile.Read(path));
        Assert.Contains("Line 3", e.Message);

        MlflowException told = Assert.Throws<MlflowException>(() => IniFile.Read(path, "The credentials file"));
        Assert.Equal((ErrorKind.InvalidValue, path), (told.Kind, told.Target));
        Assert.StartsWith($"The credentials file {path} cannot be read: Line 3", told.Message);
        Assert.DoesNotContain("secret", told.ToString());
    }

    [Fact]
    public void Keys_ignore_case_the_last_one_wins_and_comments_and_other_lines_are_passed_over()
    {
        IniFile file = Read("before = any section\n[s]\n# a = comment\n; b = comment\nToken : one\nTOKEN = t=w;o # kept\nno separator\n= no key\n[S]\nx = 1\n[s]\ny = 2\n");
        Assert.Equal(["s", "S"], file.Names);
        Assert.Equal([new("Token", "t=w;o # kept"), new("y", "2")], file.Section("s")!);
    }

    [Theory]
    [InlineData("[remote \"origin\"]", "remote \"origin\"")]
    [InlineData("[remote \"a]b\"] ; quoted", "remote \"a]b\"")]
    [InlineData("[it's \"quoted]", "it's \"quoted")]
    public void A_bracket_in_a_quoted_name_belongs_to_the_name(string header, string name) =>
        Assert.Equal([name], Read(header + "\nurl = u\n").Names);

    [Fact]
    public void A_file_that_does_not_exist_is_null_and_one_that_cannot_be_read_is_an_error()
    {
        Assert.Null(IniFile.Read(_folder.Below("nothing")));
        string locked = Write("[a]\n");
        using FileStream _ = new(locked, FileMode.Open, FileAccess.ReadWrite, FileShare.None);
        Assert.Contains("Correct its permissions", Assert.Throws<MlflowException>(() => IniFile.Read(locked, "The file")).Message);
    }

    private IniFile Read(string text) => IniFile.Read(Write(text))!;

    private string Write(string text)
    {
        string path = _folder.Below("file.ini");
        File.WriteAllText(path, text);
        return path;
    }
}
