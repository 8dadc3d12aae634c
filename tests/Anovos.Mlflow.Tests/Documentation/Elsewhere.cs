namespace Anovos.Mlflow.Tests.Documentation;

/// <summary>A command of the documentation that its tests do not type.</summary>
/// <param name="FirstLine">The first line of the command, in full.</param>
/// <param name="Why">The reason, and the test that runs the command instead.</param>
/// <param name="File">The file that runs the command or its equivalent; null if nothing in the repository can.</param>
/// <param name="Text">A text that the file must contain.</param>
internal sealed record Elsewhere(string FirstLine, string Why, string? File = null, string Text = "")
{
    /// <summary>All such commands.</summary>
    public static IReadOnlyList<Elsewhere> All { get; } =
    [
        new("dotnet test", "run by CI", ".ci/run", "step \"dotnet test\" dotnet test"),
        new("dotnet run --project src/Anovos.Mlflow.Host -- samples/quickstart.ps1", "run by HostTests, without the build", "tests/Anovos.Mlflow.Tests/HostTests.cs", "The_quickstart_tracks_the_sample_workflow_into_mlflow_db"),
        new("dotnet build src/Anovos.Mlflow -c Release", "the tests use a debug build", "tests/Anovos.Mlflow.Tests/Anovos.Mlflow.Tests.csproj", "Anovos.Mlflow.Host.csproj"),
        new("pwsh", "the tests type into a pwsh"),
        new("mlflow server --host 127.0.0.1 --port 8889", "the tests have their own server; CI runs this one", ".ci/run", "exec setsid \"$command\" server"),
        new("dotnet build -c Release", "run by CI, in Debug", ".ci/run", "step \"dotnet test\" dotnet test"),
        new("pwsh -Command \"Import-Module ./out/Anovos.Mlflow\"", "done before the first command of every page", "tests/Anovos.Mlflow.Tests/Documentation/Reader.cs", "Import-Module $Module"),
        new("dotnet publish src/Anovos.Mlflow.Host -c Release -r linux-x64 --self-contained -p:PublishSingleFile=true -o publish", "run by SingleFileTests", "tests/Anovos.Mlflow.Tests/SingleFileHost.cs", "PublishSingleFile=true"),
        new("/opt/anovos-mlflow/anovos-mlflow track.ps1 config.yaml", "the program of SingleFileTests; the script is typed here", "tests/Anovos.Mlflow.Tests/SingleFileTests.cs", "SingleFileHost"),
        new("ANOVOS_MLFLOW_SOURCE=/Volumes/main/tools/files/anovos-mlflow", "a cluster's variables: InitScriptTests sets them", "tests/Anovos.Mlflow.Tests/InitScriptTests.cs", "(\"ANOVOS_MLFLOW_SOURCE\", host.Path)"),
        new("subprocess.run([\"/opt/anovos-mlflow/anovos-mlflow\", \"/Workspace/Shared/finish.ps1\", \"-Config\", \"/Workspace/Shared/config.yaml\"], check=True)", "Python; InitScriptTests runs the program with these arguments", "tests/Anovos.Mlflow.Tests/InitScriptTests.cs", "Finish(\"-Config\", config)"),
        new("[mlflow]", "a file of MLflow's: ConnectionOptionsTests has one", "tests/Anovos.Mlflow.Core.Tests/Http/ConnectionOptionsTests.cs", "[mlflow]\\nmlflow_tracking_username"),
        new("\"yaml.yamlVersion\": \"1.1\",", "settings of an editor: LanguageServerTests has them",
            "tests/Anovos.Mlflow.Core.Tests/Checks/Schema/LanguageServer.cs", "[\"yamlVersion\"] = \"1.1\""),
        new("vim.lsp.config('yamlls', {", "a file of Neovim's, whose server LanguageServerTests has",
            "tests/Anovos.Mlflow.Core.Tests/Checks/Schema/LanguageServer.cs", "[\"yamlVersion\"] = \"1.1\""),
        new("Invoke-MlflowProject https://github.com/mlflow/mlflow-example -Version master -EntryPoint main -Experiment churn", "ProjectTests has a repository on this machine", "tests/Anovos.Mlflow.Tests/ProjectTests.cs", "-Version"),
        new("Invoke-MlflowProject 'git@example.com:team/models.git#churn' validate -Timeout 3600", "ProjectTests has a repository on this machine", "tests/Anovos.Mlflow.Tests/ProjectTests.cs", "-Version"),
        new("Connect-Mlflow https://old.example.com -Credential (Get-Credential)", "CopyTests has two servers with tokens",
            "tests/Anovos.Mlflow.Tests/CopyTests.cs", "$there = Connect-Mlflow $B -Token"),
        new("databricks auth login --profile prod --host https://adb-1234567890123456.7.azuredatabricks.net",
            "somebody has to sign in: DatabricksSignInTests has a program in its place",
            "tests/Anovos.Mlflow.Tests/DatabricksSignInTests.cs", "auth_type = databricks-cli"),
        new("Connect-Mlflow databricks -Interactive", "somebody has to sign in: BrowserSignInTests does, with a browser",
            "tests/Anovos.Mlflow.Tests/BrowserSignInTests.cs", "Connect-Mlflow databricks -Interactive"),
    ];

    /// <summary>The error kinds that no command of docs/troubleshooting.md causes, and the reason.</summary>
    public static IReadOnlyList<(string Kind, string Why)> Unprovoked { get; } = [("BucketNotFound", "it needs a bucket service; BucketTests has one")];

    /// <summary>The entry for a command; null if the command is typed.</summary>
    public static Elsewhere? Of(Command command) => All.FirstOrDefault(entry => entry.FirstLine == command.FirstLine);
}
