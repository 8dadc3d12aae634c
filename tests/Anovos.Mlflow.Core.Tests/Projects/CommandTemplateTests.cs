using System.Diagnostics;
using Anovos.Mlflow.Configuration;
using Anovos.Mlflow.Projects;
using Anovos.Mlflow.Tests.Tracking;

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
            Assert.Throws<MlflowException>(() => CommandTemplate.ToArguments(template, Values, onWindows: false));
            return;
        }

        Assert.SkipUnless(File.Exists("/bin/bash") && !OperatingSystem.IsWindows(), "there is no bash to compare with");
        // As MLflow makes the command: str.format with quoted values.
        string formatted = template.Replace("{{", "\u0001").Replace("}}", "\u0002");
        foreach ((string name, string value) in Values)
            formatted = formatted.Replace($"{{{name}}}", CommandTemplate.Quote(value).Replace("{", "\u0001").Replace("}", "\u0002"));
        formatted = formatted.Replace('\u0001', '{').Replace('\u0002', '}');
        var start = ProcessStart.Of("/bin/bash", "-c", "python() { printf '%s\\0' \"$@\"; }; " + formatted);
        start.RedirectStandardOutput = true;
        using Process bash = Process.Start(start)!;
        string output = await bash.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        Assert.Equal(output.TrimEnd('\0').Split('\0'), CommandTemplate.ToArguments(template, Values, onWindows: false).Skip(1));
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
        MlflowException error = Assert.Throws<MlflowException>(() => CommandTemplate.ToArguments(template, Values, onWindows: false));
        Assert.Equal(ErrorKind.InvalidValue, error.Kind);
        Assert.Contains($"the character '{sign}'", error.Message);
    }

    [Theory]
    [InlineData("python {nobody}", "{nobody}")]
    [InlineData("python {config:>10}", "{config:>10}")]
    [InlineData("python {config", "brace")]
    [InlineData("python }", "brace")]
    [InlineData("python 'x", "an unclosed quote '")]
    [InlineData("python x\\", "backslash")]
    [InlineData("   ", "is empty")]
    public void What_is_no_command_is_said(string template, string said) =>
        Assert.Contains(said,
            Assert.Throws<MlflowException>(() => CommandTemplate.ToArguments(template, Values, onWindows: false)).Message);

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
        Assert.Equal(["p", text], CommandTemplate.ToArguments($"p {CommandTemplate.Escape(text)}", Values, onWindows: false));

    [Theory]
    [InlineData(@".\dir\tool {config}", new[] { @".\dir\tool", "a b.yaml" })]
    [InlineData(@"""C:\Program Files\py.exe"" -m x", new[] { @"C:\Program Files\py.exe", "-m", "x" })]
    [InlineData(@"p ""\\server\share\x""", new[] { "p", @"\\server\share\x" })]
    [InlineData(@"p ""C:\dir\\"" x", new[] { "p", @"C:\dir\", "x" })]
    [InlineData(@"p ""say \""hi\"""" \""x\""", new[] { "p", "say \"hi\"", "\"x\"" })]
    [InlineData(@"p 'a b' C:\x", new[] { "p", "a b", @"C:\x" })]
    [InlineData("p {evil}", new[] { "p", "x'; rm -rf $HOME \"`id`\" \\ {config} #\n| &" })]
    public void On_Windows_a_backslash_means_itself_except_before_a_quote(string template, string[] expected) =>
        Assert.Equal(expected, CommandTemplate.ToArguments(template, Values, onWindows: true));

    [Theory]
    [InlineData("python %HOME%", "%")]
    [InlineData("python \"%HOME%\"", "%")]
    [InlineData("python a^&b", "^")]
    [InlineData("python a & b", "&")]
    public void What_only_cmd_could_act_upon_is_refused_on_Windows(string template, string sign) =>
        Assert.Contains($"the character '{sign}'",
            Assert.Throws<MlflowException>(() => CommandTemplate.ToArguments(template, Values, onWindows: true)).Message);

    [Theory]
    [InlineData("main.py", "main.py")]
    [InlineData("", "\"\"")]
    [InlineData("a b", "\"a b\"")]
    [InlineData("it's", "\"it's\"")]
    [InlineData("local[*]", "\"local[*]\"")]
    [InlineData("a&b|c<d>e^f(g)", "\"a&b|c<d>e^f(g)\"")]
    [InlineData("key=value", "\"key=value\"")]
    [InlineData("{c}", "\"{{c}}\"")]
    [InlineData(@"C:\py\python.exe", @"""C:\py\python.exe""")]
    [InlineData(@"C:\my data\", @"""C:\my data\\""")]
    [InlineData(@"\\server\share\x", @"""\\server\share\x""")]
    public void An_argument_for_cmd_is_quoted_for_it_and_reads_back(string argument, string quoted)
    {
        Assert.Equal(quoted, CommandTemplate.EscapeForCmd(argument));
        if (argument.IndexOf('^') < 0)
            Assert.Equal(["p", argument], CommandTemplate.ToArguments($"p {quoted}", Values, onWindows: true));
    }

    [Theory]
    [InlineData("100%")]
    [InlineData("say \"hi\"")]
    [InlineData("two\nlines")]
    public void What_cmd_would_change_in_quotes_too_is_refused(string argument) =>
        Assert.Contains("which cmd interprets", Assert.Throws<MlflowException>(() => CommandTemplate.EscapeForCmd(argument)).Message);

    [Fact]
    public void A_project_for_Windows_has_a_command_for_cmd()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder.Below("flow.yaml"), "mlflow: {experiment: x}\n");
        AnovosConfig config = AnovosConfig.Load(folder.Below("flow.yaml"));
        string[] command = ["spark-submit", "--master", "local[*]", @"jobs\it's main.py"];
        Assert.Contains(@"command: ""spark-submit --master \""local[*]\"" \""jobs\\it's main.py\"" {config} {run_type}""",
            ProjectExport.ToText(config, folder.FullPath, "name", command, "local", forCmd: true));
        Assert.Contains(@"command: ""spark-submit --master 'local[*]' 'jobs\\it'\""'\""'s main.py' {config} {run_type}""",
            ProjectExport.ToText(config, folder.FullPath, "name", command, "local", forCmd: false));
    }
}
