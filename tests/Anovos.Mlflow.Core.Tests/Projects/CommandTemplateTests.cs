using System.Diagnostics;
using Anovos.Mlflow.Projects;

namespace Anovos.Mlflow.Tests.Projects;

/// <summary>Commands of projects, as a shell would take them apart, without one.</summary>
public sealed class CommandTemplateTests
{
    private static readonly Dictionary<string, string> Values = new()
    {
        ["config"] = "a b.yaml",
        ["evil"] = "x'; rm -rf $HOME \"`id`\" \\ {config} #\n| &",
        ["empty"] = "",
        ["dash"] = "--flag",
    };

    [Theory]
    [InlineData("python main.py {config} local")]
    [InlineData("python  main.py\t--c={config}")]
    [InlineData("python {evil} x{evil}y {empty} {dash}")]
    [InlineData("python 'a b'\"c d\"e '' \"\" \\ x 'it'\\''s' \"say \\\"hi\\\" \\$HOME \\x\"")]
    [InlineData("python '{{braces}}' \"$\"")]
    [InlineData("python main.py \\\n  {config} a#b a~b = x=1")]
    [InlineData("  python 'one\ntwo'  \n")]
    public async Task The_arguments_are_those_that_a_shell_would_make(string template)
    {
        bool refused = template.EndsWith("\"$\"", StringComparison.Ordinal);
        if (refused)
        {
            Assert.Throws<MlflowException>(() => CommandTemplate.ToArguments(template, Values));
            return;
        }

        Assert.SkipUnless(File.Exists("/bin/bash"), "there is no bash to compare with");
        // As MLflow makes the command: str.format with quoted values.
        string formatted = template.Replace("{{", "\u0001").Replace("}}", "\u0002");
        foreach ((string name, string value) in Values)
            formatted = formatted.Replace($"{{{name}}}", CommandTemplate.Quote(value).Replace("{", "\u0001").Replace("}", "\u0002"));
        formatted = formatted.Replace('\u0001', '{').Replace('\u0002', '}');
        var start = ProcessStart.Of("/bin/bash", "-c", "python() { printf '%s\\0' \"$@\"; }; " + formatted);
        start.RedirectStandardOutput = true;
        using Process bash = Process.Start(start)!;
        string output = await bash.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        Assert.Equal(output.TrimEnd('\0').Split('\0'), CommandTemplate.ToArguments(template, Values).Skip(1));
    }

    [Theory]
    [InlineData("python a.py && rm b", "&")]
    [InlineData("python a.py | tee log", "|")]
    [InlineData("python a.py; python b.py", ";")]
    [InlineData("python a.py\npython b.py", "line end")]
    [InlineData("python a.py > log", ">")]
    [InlineData("python $HOME/a.py", "$")]
    [InlineData("python \"$HOME/a.py\"", "$")]
    [InlineData("python `which a.py`", "`")]
    [InlineData("python \"`id`\"", "`")]
    [InlineData("python *.py", "*")]
    [InlineData("python a.py # main", "#")]
    [InlineData("python ~/a.py", "~")]
    [InlineData("A=1 python a.py", "=")]
    [InlineData("! python a.py", "!")]
    [InlineData("python {{a,b}}", "{")]
    [InlineData("(python a.py)", "(")]
    public void What_needs_a_shell_is_refused_by_its_sign(string template, string sign)
    {
        MlflowException error = Assert.Throws<MlflowException>(() => CommandTemplate.ToArguments(template, Values));
        Assert.Equal(ErrorKind.InvalidValue, error.Kind);
        Assert.Contains($"the sign '{sign}'", error.Message);
    }

    [Theory]
    [InlineData("python {nobody}", "{nobody}")]
    [InlineData("python {config:>10}", "{config:>10}")]
    [InlineData("python {config", "brace")]
    [InlineData("python }", "brace")]
    [InlineData("python 'x", "without its end")]
    [InlineData("python x\\", "backslash")]
    [InlineData("   ", "is empty")]
    public void What_is_no_command_is_said(string template, string said) =>
        Assert.Contains(said, Assert.Throws<MlflowException>(() => CommandTemplate.ToArguments(template, Values)).Message);

    [Theory]
    [InlineData("plain-1.0_x@y%z+=:,./", "plain-1.0_x@y%z+=:,./")]
    [InlineData("", "''")]
    [InlineData("it's", "'it'\"'\"'s'")]
    [InlineData("größe", "'größe'")]
    public void Values_are_quoted_as_Python_does(string value, string quoted) => Assert.Equal(quoted, CommandTemplate.Quote(value));

    [Theory]
    [InlineData("{a}")]
    [InlineData("it's {{x}} $y")]
    public void What_is_escaped_comes_back_as_it_was(string text) =>
        Assert.Equal(["p", text], CommandTemplate.ToArguments($"p {CommandTemplate.Escape(text)}", Values));
}
