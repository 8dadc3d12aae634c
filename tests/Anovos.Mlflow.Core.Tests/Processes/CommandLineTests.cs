using Anovos.Mlflow.Processes;
using Anovos.Mlflow.Workflow;

namespace Anovos.Mlflow.Tests.Processes;

public sealed class CommandLineTests
{
    // How the Microsoft C runtime parses each argument.
    [Theory]
    [InlineData("plain", "plain")]
    [InlineData("", "\"\"")]
    [InlineData("a b", "\"a b\"")]
    [InlineData("""a"b""", """
        "a\"b"
        """)]
    [InlineData("""C:\dir\""", """C:\dir\""")]
    [InlineData("""C:\my dir\""", """
        "C:\my dir\\"
        """)]
    [InlineData("""\\"x""", """
        "\\\\\"x"
        """)]
    [InlineData("$HOME;rm|>%PATH%^", "$HOME;rm|>%PATH%^")]
    [InlineData("tab\tnew\nline", "\"tab\tnew\nline\"")]
    public void An_argument_is_quoted_so_that_it_arrives_as_it_is(string argument, string line)
    {
        Assert.Equal(line, CommandLine.Join([argument]));
        Assert.Equal([argument, "next"], Parse(CommandLine.Join([argument, "next"])));
    }

    [Theory]
    [InlineData("spark-submit.cmd", "a&calc", true)]
    [InlineData("RUN.BAT", "%PATH%", true)]
    [InlineData("run.bat", "a b", false)]
    [InlineData("python.exe", "a&b", false)]
    public void What_cmd_would_act_upon_is_refused_for_batch_files(string program, string argument, bool broken) =>
        Assert.Equal(broken ? argument : null, CommandLine.BrokenByBatch(program, ["fine", argument]));

    // The published algorithm, in reverse.
    private static List<string> Parse(string line)
    {
        List<string> arguments = [];
        for (int i = 0; i < line.Length;)
        {
            var argument = new System.Text.StringBuilder();
            bool quoted = false;
            for (; i < line.Length && (quoted || line[i] is not (' ' or '\t')); i++)
            {
                int slashes = 0;
                for (; i < line.Length && line[i] == '\\'; i++)
                    slashes++;
                bool atQuote = i < line.Length && line[i] == '"';
                argument.Append('\\', atQuote ? slashes / 2 : slashes);
                if (atQuote && slashes % 2 == 1)
                    argument.Append('"');
                else if (atQuote)
                    quoted = !quoted;
                else if (i < line.Length && (quoted || line[i] is not (' ' or '\t')))
                    argument.Append(line[i]);
                else
                    break;
            }

            arguments.Add(argument.ToString());
            for (; i < line.Length && line[i] is ' ' or '\t'; i++)
            {
            }
        }

        return arguments;
    }
}
