using Anovos.Mlflow.Databricks;
using Anovos.Mlflow.Stores;
using Anovos.Mlflow.Tracking;

namespace Anovos.Mlflow.Tests.Databricks;

/// <summary>Tests signing in with the result of <c>databricks auth login</c>. The CLI is a script that is actually run.</summary>
public sealed class DatabricksCliTests : IAsyncLifetime
{
    private const string Newest = """{"Version":"1.13.0","Major":1,"Minor":13,"Patch":0}""";

    private SignInFixture _fixture = null!;

    public async ValueTask InitializeAsync() => _fixture = await SignInFixture.StartAsync();

    public async ValueTask DisposeAsync() => await _fixture.DisposeAsync();

    [Fact]
    public async Task A_host_is_enough_where_the_CLI_is_signed_in()
    {
        WriteCli(Newest, Token(_fixture.Issue()));
        Assert.Equal("databricks-cli", await _fixture.SignInAsync());
        Assert.Equal(["version --output json", $"auth token --host {_fixture.Host} --force-refresh"], _fixture.Calls);
    }

    [Fact]
    public async Task A_profile_of_auth_login_is_asked_for_by_its_name()
    {
        _fixture.Set("DATABRICKS_HOST", null);
        WriteProfile("[dev]\nauth_type = databricks-cli\n");
        WriteCli(Newest, Token(_fixture.Issue()));
        Assert.Equal("databricks-cli", await _fixture.SignInAsync("databricks://dev"));
        Assert.Equal("auth token --profile dev --force-refresh", _fixture.Calls[1]);
    }

    [Theory]
    [InlineData("""{"Major":0,"Minor":296,"Patch":0}""", "auth token --profile dev --force-refresh")]
    [InlineData("""{"Major":0,"Minor":295,"Patch":9}""", "auth token --profile dev")]
    [InlineData("""{"Major":0,"Minor":207,"Patch":1}""", "auth token --profile dev")]
    [InlineData("""{"Major":0,"Minor":207,"Patch":0}""", "auth token --host {host}")]
    [InlineData("""{"Major":0,"Minor":0,"Patch":0}""", "auth token --host {host}")]
    [InlineData("""{"Major":"x"}""", "auth token --host {host}")]
    [InlineData("""{"Major":99999999999,"Minor":1,"Patch":0}""", "auth token --host {host}")]
    [InlineData("[]", "auth token --host {host}")]
    [InlineData("Databricks CLI v0.200.0", "auth token --host {host}")]
    [InlineData("", "auth token --host {host}")]
    public async Task The_arguments_are_those_that_its_version_takes(string version, string arguments)
    {
        _fixture.Set("DATABRICKS_HOST", null);
        WriteProfile("[dev]\nauth_type = databricks-cli\n");
        WriteCli(version, Token(_fixture.Issue()));
        Assert.Equal("databricks-cli", await _fixture.SignInAsync("databricks://dev"));
        Assert.Equal(arguments.Replace("{host}", _fixture.Host), _fixture.Calls[1]);
    }

    [Fact]
    public async Task A_path_is_taken_as_it_is_and_no_shell_reads_it()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "a folder there cannot have such a name");
        string folder = Directory.CreateDirectory(Path.Combine(_fixture.Folder, "my cli; touch '$HOME' & \"x\"")).FullName;
        WriteCli(Newest, Token(_fixture.Issue()));
        File.Move(Path.Combine(_fixture.Folder, "databricks"), Path.Combine(folder, "cli"));
        _fixture.Set("PATH", null);
        _fixture.Set("DATABRICKS_CLI_PATH", Path.Combine(folder, "cli"));
        Assert.Equal("databricks-cli", await _fixture.SignInAsync());
        Assert.Equal(2, _fixture.Calls.Length);
    }

    [Fact]
    public async Task A_profile_name_reaches_the_CLI_as_one_argument()
    {
        _fixture.Set("DATABRICKS_HOST", null);
        WriteProfile("[my team's $(touch x)]\nauth_type = databricks-cli\n");
        _fixture.Set("DATABRICKS_CONFIG_PROFILE", "my team's $(touch x)");
        _fixture.WriteProgram("databricks", $"""
            [ "$1" = version ] && echo '{Newest}' && exit
            [ $# = 5 ] && [ "$4" = "my team's \$(touch x)" ] && echo '{Token(_fixture.Issue())}'
            """);
        Assert.Equal("databricks-cli", await _fixture.SignInAsync());
    }

    [Theory]
    [InlineData(null, "/opt/a b:relative:/usr/bin", false, "/opt/a b/databricks|/usr/bin/databricks")]
    [InlineData("dbx", "/opt/bin", false, "/opt/bin/dbx")]
    [InlineData("./dbx", "/opt/bin", false, "./dbx")]
    [InlineData(@"a\b", "/opt/bin", false, @"/opt/bin/a\b")]
    [InlineData(null, @"C:\Program Files\Dbx;relative;""D:\a;b""", true, @"C:\Program Files\Dbx\databricks.exe|D:\a;b\databricks.exe")]
    [InlineData("dbx.exe", @"C:\bin", true, @"C:\bin\dbx.exe")]
    [InlineData(@"C:\Program Files\Databricks\databricks.exe", @"C:\bin", true, @"C:\Program Files\Databricks\databricks.exe")]
    [InlineData("C:/cli/databricks", @"C:\bin", true, "C:/cli/databricks")]
    public void The_CLI_is_looked_for_on_the_PATH_or_where_it_is_said_to_be(string? named, string path, bool onWindows, string places) =>
        Assert.Equal(places.Split('|'), DatabricksCli.Places(named, path, onWindows));

    [Fact]
    public async Task A_CLI_that_is_signed_out_says_so_in_its_own_words()
    {
        WriteFailing("""
            Warn: a newer version is there
            Error: A new access token could not be retrieved because the refresh token is invalid.
            To reauthenticate, run the following command:
              $ databricks auth login --profile dev
            """);
        MlflowException e = await _fixture.FailAsync();
        Assert.Equal(ErrorKind.AuthenticationFailed, e.Kind);
        Assert.EndsWith(
            "The Databricks CLI 1.13.0 has no token for 127.0.0.1: A new access token could not be retrieved because the refresh token is "
            + "invalid. To reauthenticate, run the following command: $ databricks auth login --profile dev.", e.Message);
        Assert.Empty(_fixture.Server.Requests);
    }

    [Fact]
    public async Task A_CLI_that_is_too_old_says_so_in_its_own_words()
    {
        WriteFailing("Error: unknown command \"token\" for \"databricks auth\"");
        Assert.EndsWith(
            "unknown command \"token\" for \"databricks auth\". Sign in with databricks auth login; this needs version 0.205 or newer.",
            (await _fixture.FailAsync()).Message);
    }

    [Fact]
    public async Task The_old_CLI_in_Python_is_told_apart()
    {
        _fixture.WriteProgram("databricks", "# from databricks_cli.cli import cli");
        Assert.Contains("databricks-cli: ", (await _fixture.FailAsync()).Message);
        Assert.Contains("is the Python package, version 0.18 or older", (await _fixture.FailAsync()).Message);
        Assert.Empty(_fixture.Calls);
    }

    [Theory]
    [InlineData(null, "databricks-cli: databricks is not on the PATH")]
    [InlineData("/nowhere/databricks", "databricks-cli: DATABRICKS_CLI_PATH (/nowhere/databricks) does not exist")]
    public async Task A_CLI_that_is_not_there_is_named(string? path, string reason)
    {
        _fixture.Set("DATABRICKS_AUTH_TYPE", "databricks-cli");
        _fixture.Set("DATABRICKS_CLI_PATH", path);
        Assert.Contains(reason, (await _fixture.FailAsync()).Message);
    }

    [Fact]
    public async Task A_host_that_the_CLI_does_not_know_is_left_to_the_next_method()
    {
        _fixture.Set("DATABRICKS_CLOUD", "azure");
        WriteFailing("Error: databricks OAuth is not configured for this host");
        _fixture.WriteProgram("az", "echo 'WARNING: old' >&2; echo 'ERROR: Please run az login to setup account.' >&2; exit 1");
        MlflowException e = await _fixture.FailAsync();
        Assert.Contains("as databricks-cli failed: The Databricks CLI 1.13.0 has no token for 127.0.0.1: databricks OAuth", e.Message);
        Assert.Contains($"Sign in with databricks auth login --host {_fixture.Host}. The Azure CLI has no token", e.Message);
        Assert.EndsWith("Please run az login to setup account. Sign in with az login.", e.Message);
    }

    [Fact]
    public async Task An_Azure_CLI_without_a_user_gives_way_to_this_one()
    {
        _fixture.Set("DATABRICKS_CLOUD", "azure");
        WriteCli(Newest, Token(_fixture.Issue()));
        _fixture.WriteProgram("az", "echo 'ERROR: Please run az login to setup account.' >&2; exit 1");
        using ITrackingStore store = _fixture.Open();
        ConnectionReport report = await ConnectionReport.OfAsync(store, TestContext.Current.CancellationToken);
        Assert.Equal("databricks-cli for 127.0.0.1", report.Identity);
        Assert.Contains("azure-cli: no one is signed in", report.IdentityNotUsed);
    }

    [Fact]
    public async Task A_configured_method_that_fails_does_not_give_way()
    {
        WriteCli(Newest, Token(_fixture.Issue()));
        _fixture.Set("DATABRICKS_CLIENT_ID", "principal");
        _fixture.Set("DATABRICKS_CLIENT_SECRET", "hush-wrong");
        MlflowException e = await _fixture.FailAsync();
        Assert.Contains("as oauth-m2m from DATABRICKS_CLIENT_ID, DATABRICKS_CLIENT_SECRET failed", e.Message);
        Assert.DoesNotContain("hush", e.ToString());
        Assert.Empty(_fixture.Calls);
    }

    [Fact]
    public async Task A_token_that_is_refused_is_asked_for_again()
    {
        string first = _fixture.Issue();
        _fixture.Server.Workspace!.ExpireTokens();
        string isFirst = $"[ $(wc -l < '{_fixture.Folder}/calls') -lt 3 ]";
        WriteCli(Newest, $"$(if {isFirst}; then echo '{Token(first)}'; else echo '{Token(_fixture.Issue())}'; fi)");
        Assert.Equal("databricks-cli", await _fixture.SignInAsync());
        Assert.Equal(2, _fixture.Calls.Count(call => call.StartsWith("auth", StringComparison.Ordinal)));
    }

    [Theory]
    [InlineData("""{"access_token": "hush-token", "token_type": "Bearer"}""")]
    [InlineData("""{"access_token": "hush-token", "expiry": "soon"}""")]
    [InlineData("""{"access_token": "hush-token", "expiry": null}""")]
    [InlineData("""{"token": "hush-token", "expiry": "2099-01-01T00:00:00Z"}""")]
    [InlineData("hush-token")]
    [InlineData("[\"hush-token\"]")]
    public async Task An_output_that_cannot_be_read_is_not_shown(string output)
    {
        WriteCli(Newest, output);
        MlflowException e = await _fixture.FailAsync();
        Assert.Contains("printed something other than a token", e.Message);
        Assert.DoesNotContain("hush", e.ToString());
    }

    [Theory]
    [InlineData("2099-03-20T10:30:00.123456789Z")]
    [InlineData("2099-03-20T10:30:00Z")]
    [InlineData("2099-03-20T10:30:00+01:00")]
    [InlineData("2099-03-20 10:30:00")]
    [InlineData("2099-03-20 10:30:00.1")]
    public async Task The_expiry_is_read_in_every_form_that_the_CLI_writes(string expiry)
    {
        WriteCli(Newest, Token(_fixture.Issue(), expiry));
        Assert.Equal("databricks-cli", await _fixture.SignInAsync());
    }

    [Theory]
    [InlineData("""{"scope": "all-apis offline_access"}""", "the scopes all-apis, but profile dev")]
    [InlineData("""{"scope": ["mlflow", "jobs"]}""", "the scopes jobs, mlflow, but profile dev")]
    public async Task The_scopes_of_the_profile_are_those_of_the_token(string claims, string error)
    {
        _fixture.Set("DATABRICKS_HOST", null);
        WriteProfile("[dev]\nauth_type = databricks-cli\nscopes = mlflow, files\n");
        string jwt = SignInFixture.Jwt(claims);
        WriteCli(Newest, Token(jwt));
        MlflowException e = await _fixture.FailAsync("databricks://dev");
        Assert.Contains(error, e.Message);
        Assert.EndsWith("asks for files, mlflow. Sign in again with databricks auth login --scopes files,mlflow.", e.Message);
        Assert.DoesNotContain(jwt, e.ToString());

        // A token with the right scopes is sent to the workspace, where the stand-in does not know it.
        WriteCli(Newest, Token(SignInFixture.Jwt("""{"scope": "mlflow offline_access files"}""")));
        Assert.Contains("Invalid access token", (await _fixture.FailAsync("databricks://dev")).Message);
    }

    [Fact]
    public async Task A_file_that_cannot_be_started_is_an_error()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "files have no execute permission there");
        _fixture.Set("DATABRICKS_CLI_PATH", _fixture.Write("databricks", "#!/bin/sh\n"));
        Assert.Contains("cannot be started", (await _fixture.FailAsync()).Message);
    }

    private static string Token(string token, string expiry = "2099-01-01T00:00:00Z") =>
        $$"""{"access_token": "{{token}}", "token_type": "Bearer", "expiry": "{{expiry}}"}""";

    private void WriteProfile(string text)
    {
        int end = text.IndexOf('\n') + 1;
        _fixture.Write(".databrickscfg", $"{text[..end]}host = {_fixture.Host}\n{text[end..]}");
    }

    private void WriteCli(string version, string output)
    {
        string shown = output.StartsWith("$(", StringComparison.Ordinal) ? $"printf '%s' \"{output}\"" : $"printf '%s' '{output}'";
        _fixture.WriteProgram("databricks", $"if [ \"$1\" = version ]; then printf '%s' '{version}'; else {shown}; fi");
        _fixture.Set("PATH", $"{_fixture.Folder}:/usr/bin:/bin");
    }

    private void WriteFailing(string error)
    {
        _fixture.Write("error", error + "\n");
        string print = $"while read -r line; do echo \"$line\"; done < '{_fixture.Folder}/error' >&2";
        _fixture.WriteProgram("databricks", $"if [ \"$1\" = version ]; then echo '{Newest}'; else {print}; exit 1; fi");
    }
}
