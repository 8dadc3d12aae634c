using System.Diagnostics;
using Anovos.Mlflow.Context;
using Anovos.Mlflow.Tracking;

namespace Anovos.Mlflow.Tests.Context;

public sealed class RunContextTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("anovos-mlflow-").FullName;

    [Fact]
    public void A_run_carries_MLflows_own_tags()
    {
        Dictionary<string, string> tags = Tags(new RunRequest { SourceDirectory = _folder, RunName = "nightly", ParentRunId = "abc", SourceName = "config.yaml", UserId = "ada" });
        Assert.Equal("ada", tags["mlflow.user"]);
        Assert.Equal("LOCAL", tags["mlflow.source.type"]);
        Assert.Equal("config.yaml", tags["mlflow.source.name"]);
        Assert.Equal("nightly", tags["mlflow.runName"]);
        Assert.Equal("abc", tags["mlflow.parentRunId"]);
        Assert.DoesNotContain("mlflow.source.git.commit", tags.Keys);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Commit_branch_and_origin_come_from_the_folders_repository_without_its_credentials(bool packed)
    {
        Git("init", "-q", "-b", "feature/größe");
        Git("-c", "user.name=a", "-c", "user.email=a@b", "commit", "-q", "--allow-empty", "-m", "first");
        Git("remote", "add", "origin", "https://ada:hush@git.corp/team/repo.git");
        if (packed)
            Git("pack-refs", "--all");
        string commit = Git("rev-parse", "HEAD").Trim();
        string below = Directory.CreateDirectory(Path.Combine(_folder, "a", "b")).FullName;

        Dictionary<string, string> tags = Tags(new RunRequest { SourceDirectory = below });
        Assert.Equal(commit, tags["mlflow.source.git.commit"]);
        Assert.Equal("feature/größe", tags["mlflow.source.git.branch"]);
        Assert.Equal("https://git.corp/team/repo.git", tags["mlflow.source.git.repoURL"]);
    }

    [Fact]
    public void A_worktree_and_a_detached_head_are_read_too()
    {
        Git("init", "-q", "-b", "main");
        Git("-c", "user.name=a", "-c", "user.email=a@b", "commit", "-q", "--allow-empty", "-m", "first");
        Git("worktree", "add", "-q", "--detach", "tree");
        Dictionary<string, string> tags = Tags(new RunRequest { SourceDirectory = Path.Combine(_folder, "tree") });
        Assert.Equal(Git("rev-parse", "HEAD").Trim(), tags["mlflow.source.git.commit"]);
        Assert.DoesNotContain("mlflow.source.git.branch", tags.Keys);
    }

    [Fact]
    public void The_users_tags_win_over_the_context_and_the_context_over_MLflows_own()
    {
        var request = new RunRequest { SourceDirectory = _folder, Tags = [new("team", "mine"), new("mlflow.source.name", "job 7")] };
        const string Context = """{"team": "theirs", "mlflow.user": "svc", "n": 1}""";
        var tags = RunContext.TagsOf(request, _ => Context, StoreLimits.Mlflow).ToDictionary(tag => tag.Key, tag => tag.Value);
        Assert.Equal(("mine", "svc", "job 7", "1"), (tags["team"], tags["mlflow.user"], tags["mlflow.source.name"], tags["n"]));
    }

    [Theory]
    [InlineData("[1]")]
    [InlineData("{")]
    public void A_context_that_is_no_table_of_tags_is_an_error(string context)
    {
        MlflowException e = Assert.Throws<MlflowException>(
            () => RunContext.TagsOf(new RunRequest { SourceDirectory = _folder }, _ => context, StoreLimits.Mlflow));
        Assert.Contains("MLFLOW_RUN_CONTEXT", e.Message);
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private static Dictionary<string, string> Tags(RunRequest request) =>
        RunContext.TagsOf(request, _ => null, StoreLimits.Mlflow).ToDictionary(tag => tag.Key, tag => tag.Value);

    private string Git(params string[] arguments)
    {
        var start = ProcessStart.Of("git", arguments);
        (start.WorkingDirectory, start.RedirectStandardOutput, start.RedirectStandardError) = (_folder, true, true);
        using Process git = Process.Start(start)!;
        string output = git.StandardOutput.ReadToEnd();
        git.WaitForExit();
        Assert.True(git.ExitCode == 0, git.StandardError.ReadToEnd());
        return output;
    }
}
