using System.Management.Automation.Language;
using YamlDotNet.RepresentationModel;

namespace Anovos.Mlflow.Tests;

/// <summary>
/// The workflows of GitHub and Azure Pipelines run elsewhere. These tests check that the workflows only call <c>build.ps1</c> and
/// <c>dotnet</c>, with tasks and options that exist.
/// </summary>
public sealed class WorkflowFileTests
{
    private static readonly string[] Shells = ["run", "script", "pwsh", "powershell", "bash"];

    private static readonly string[] DotnetCommands = ["test", "tool install", "restore", "format --verify-no-changes"];

    private static readonly ScriptBlockAst Build = Parser.ParseFile(Path.Combine(Repository.Root, "build.ps1"), out _, out _);

    public static TheoryData<string> Files =>
    [
        "azure-pipelines.yml",
        .. Directory.GetFiles(Path.Combine(Repository.Root, ".github", "workflows"), "*.yml")
            .Select(file => Path.GetRelativePath(Repository.Root, file).Replace('\\', '/')),
    ];

    [Theory]
    [MemberData(nameof(Files))]
    public void Every_command_is_one_of_ours_with_parameters_that_it_has(string file)
    {
        string[] commands = [.. Commands(Load(file))];
        Assert.Contains(commands, command => command.StartsWith("./build.ps1", StringComparison.Ordinal));
        Assert.All(commands, Check);
    }

    [Fact]
    public void GitHubs_workflows_are_such_by_their_schema()
    {
        string name = OperatingSystem.IsWindows() ? "action-validator.cmd" : "action-validator";
        string? modules = Environment.GetEnvironmentVariable("ANOVOS_TEST_NODE_MODULES");
        string? validator = modules is null ? null : Path.Combine(modules, ".bin", name);
        Assert.SkipUnless(File.Exists(validator), "@action-validator/cli is not in the folder that ANOVOS_TEST_NODE_MODULES names");
        foreach (string file in Directory.GetFiles(Path.Combine(Repository.Root, ".github", "workflows")))
        {
            (int exitCode, string output, string error) = HostTests.Run(validator!, [file], Repository.Root);
            Assert.True(exitCode == 0, output + error);
        }
    }

    /// <summary>Tests that the check does not accept everything.</summary>
    [Theory]
    [InlineData("./build.ps1 Pack")]
    [InlineData("./build.ps1 Package -Runtimes @()")]
    [InlineData("./build.ps1 Test -Configuration Fast")]
    [InlineData("./make.ps1 Test")]
    [InlineData("dotnet publish")]
    [InlineData("dotnet test; Remove-Item out")]
    [InlineData("out/powershell/pwsh -File ./build.ps1 Pack")]
    [InlineData("npm test")]
    public void Another_command_is_found(string command) => Assert.ThrowsAny<Xunit.Sdk.XunitException>(() => Check(command));

    [Theory]
    [MemberData(nameof(Files))]
    public void The_packed_module_is_tested_in_each_PowerShell_on_each_system(string file)
    {
        string text = File.ReadAllText(Path.Combine(Repository.Root, file));
        foreach (string part in new[] { "7.4.*", "7.6.*", "windows-latest", "ubuntu-latest", "macos-latest" })
            Assert.Contains(part, text, StringComparison.OrdinalIgnoreCase);
        Assert.Contains(text.Contains("shell: powershell") ? "shell: powershell" : "- powershell: ./build.ps1 TestPackage", text);
    }

    private static YamlNode Load(string file)
    {
        var yaml = new YamlStream();
        using var reader = new StreamReader(Path.Combine(Repository.Root, file));
        yaml.Load(reader);
        return yaml.Documents.Single().RootNode;
    }

    private static IEnumerable<string> Commands(YamlNode node) => node switch
    {
        YamlMappingNode mapping => mapping.Children.SelectMany(pair =>
            pair.Value is YamlScalarNode script && Shells.Contains(((YamlScalarNode)pair.Key).Value)
                ? script.Value!.Split('\n', StringSplitOptions.RemoveEmptyEntries) : Commands(pair.Value)),
        YamlSequenceNode sequence => sequence.SelectMany(Commands),
        _ => [],
    };

    private static void Check(string line)
    {
        // ${{ … }} and $( … ) are filled in before a shell sees the line.
        string script = System.Text.RegularExpressions.Regex.Replace(line, @"\$\{\{[^}]*\}\}|\$\([\w.]+\)", "value");
        ScriptBlockAst parsed = Parser.ParseInput(script, out _, out ParseError[] errors);
        Assert.Empty(errors);
        PipelineAst pipeline = Assert.IsType<PipelineAst>(Assert.Single(parsed.EndBlock.Statements));
        CommandAst command = Assert.IsType<CommandAst>(Assert.Single(pipeline.PipelineElements));
        Ast[] words = [.. command.CommandElements];
        switch (words[0].ToString())
        {
            case "dotnet":
                string called = string.Join(' ', words.Skip(1)) + " ";
                Assert.Contains(DotnetCommands, known => called.StartsWith(known + " ", StringComparison.Ordinal));
                break;
            case "out/powershell/pwsh":
                Assert.Equal(["-NoProfile", "-File", "./build.ps1"], words.Skip(1).Take(3).Select(word => word.ToString()));
                CheckBuild([.. words.Skip(4)]);
                break;
            default:
                Assert.Equal("./build.ps1", words[0].ToString());
                CheckBuild([.. words.Skip(1)]);
                break;
        }
    }

    private static void CheckBuild(Ast[] arguments)
    {
        Assert.Contains(arguments[0].ToString(), ValuesOf("Task"));
        for (int i = 1; i < arguments.Length; i += 2)
        {
            string name = Assert.IsType<CommandParameterAst>(arguments[i]).ParameterName;
            Assert.Contains(name, Build.ParamBlock.Parameters.Select(parameter => parameter.Name.VariablePath.UserPath));
            if (ValuesOf(name) is { Length: > 0 } values)
                Assert.Contains(arguments[i + 1].ToString(), values);
        }
    }

    private static string[] ValuesOf(string parameter) =>
    [
        .. Build.ParamBlock.Parameters.Single(one => one.Name.VariablePath.UserPath == parameter)
            .Attributes.OfType<AttributeAst>().Where(attribute => attribute.TypeName.Name == "ValidateSet")
            .SelectMany(attribute => attribute.PositionalArguments).OfType<StringConstantExpressionAst>().Select(value => value.Value),
    ];
}
