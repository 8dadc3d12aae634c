using Anovos.Mlflow.Databricks;
using Anovos.Mlflow.Http;
using Anovos.Mlflow.Stores;
using Anovos.Mlflow.Tests.Tracking;
using Anovos.Mlflow.Tracking;

namespace Anovos.Mlflow.Tests.Databricks;

public sealed class DatabricksConfigTests : IDisposable
{
    private const string File =
        """
        # made by hand
        [DEFAULT]
        host = https://default.example.com/?o=1
        token = dapi-default
        [prod]
        host: prod.example.com
        client_id = sp
        client_secret = s=1;2
        [empty]
        ; nothing yet
        """;

    private readonly TemporaryFolder _home = new();

    public void Dispose() => _home.Dispose();

    [Fact]
    public void The_environment_is_enough_and_no_file_is_read()
    {
        Write("[DEFAULT]\nclient_id = x\nclient_secret = y\n");
        DatabricksConfig config = Load(new() { ["DATABRICKS_HOST"] = "adb-1.2.azuredatabricks.net", ["DATABRICKS_TOKEN"] = "dapi" });
        Assert.Equal(("https://adb-1.2.azuredatabricks.net/", "dapi", null, null), (config.Host.ToString(), config["token"], config["client_id"], config.Profile));
    }

    [Fact]
    public void Without_any_of_it_the_DEFAULT_section_counts()
    {
        Write(File);
        DatabricksConfig config = Load([]);
        Assert.Equal(("https://default.example.com/", "dapi-default", "DEFAULT"), (config.Host.ToString(), config["token"], config.Profile));
    }

    [Fact]
    public void A_section_named_in_the_settings_comes_before_DEFAULT()
    {
        Write(File + "\n[__settings__]\ndefault_profile = prod\n");
        Assert.Equal("prod", Load([]).Profile);
    }

    [Fact]
    public void A_named_profile_takes_nothing_from_DEFAULT()
    {
        Write(File);
        DatabricksConfig config = Load(new() { ["DATABRICKS_CONFIG_PROFILE"] = "prod" });
        Assert.Equal(("prod.example.com", "sp", "s=1;2", null), (config.Host.Host, config["client_id"], config["client_secret"], config["token"]));
        Assert.Equal(config, Load([], "prod"));
    }

    [Fact]
    public void A_variable_comes_before_the_profile()
    {
        Write(File);
        Assert.Equal("other", Load(new() { ["DATABRICKS_CLIENT_SECRET"] = "other" }, "prod")["client_secret"]);
    }

    [Fact]
    public void The_profile_of_one_workspace_is_not_used_for_another()
    {
        Write(File);
        MlflowException e = Assert.Throws<MlflowException>(() => Load(new() { ["DATABRICKS_HOST"] = "https://evil.example.com" }, "prod"));
        Assert.Contains("evil.example.com", e.Message);
        Assert.Contains("prod.example.com", e.Message);
    }

    [Fact]
    public void Another_file_can_be_named()
    {
        string path = Path.Combine(_home.FullPath, "elsewhere.ini");
        System.IO.File.WriteAllText(path, File);
        Assert.Equal("prod.example.com", Load(new() { ["DATABRICKS_CONFIG_FILE"] = path }, "prod").Host.Host);
        Assert.Equal(["DEFAULT", "prod", "empty"], DatabricksConfig.ProfileNames(new Variables { ["DATABRICKS_CONFIG_FILE"] = path }.Read, _home.FullPath));
    }

    [Theory]
    [InlineData("test", "test", "DEFAULT, prod, empty")]
    [InlineData("__settings__", "__settings__", "has no profile")]
    [InlineData("empty", "DATABRICKS_HOST", "databricks://<profile>")]
    public void A_profile_that_is_not_there_or_says_nothing_is_an_error(string profile, string names, string advice)
    {
        Write(File);
        MlflowException e = Assert.Throws<MlflowException>(() => Load([], profile));
        Assert.Equal(ErrorKind.InvalidValue, e.Kind);
        Assert.Contains(names, e.Message);
        Assert.Contains(advice, e.Message);
    }

    [Fact]
    public void A_file_that_is_not_there_is_an_error_only_when_it_was_asked_for()
    {
        Assert.Contains("does not exist", Assert.Throws<MlflowException>(() => Load([], "prod")).Message);
        Assert.Contains("does not exist", Assert.Throws<MlflowException>(() => Load(new() { ["DATABRICKS_CONFIG_FILE"] = "/nowhere" })).Message);
        Assert.Contains("DATABRICKS_HOST", Assert.Throws<MlflowException>(() => Load([])).Message);
    }

    [Fact]
    public void Two_families_at_once_are_an_error_that_names_both_and_no_secret()
    {
        Variables both = new() { ["DATABRICKS_HOST"] = "h.example.com", ["DATABRICKS_TOKEN"] = "hush-1", ["ARM_CLIENT_ID"] = "app", ["ARM_CLIENT_SECRET"] = "hush-2" };
        MlflowException e = Assert.Throws<MlflowException>(() => Load(both));
        Assert.Contains("azure (azure_client_id from ARM_CLIENT_ID, azure_client_secret from ARM_CLIENT_SECRET) and pat (token from DATABRICKS_TOKEN)", e.Message);
        Assert.Contains("DATABRICKS_AUTH_TYPE", e.Message);
        Assert.DoesNotContain("hush", e.Message);
        both["DATABRICKS_AUTH_TYPE"] = "pat";
        Assert.Equal("hush-1", Load(both)["token"]);
    }

    [Theory]
    [InlineData("http://adb-1.azuredatabricks.net")]
    [InlineData("ftp://adb-1.azuredatabricks.net")]
    [InlineData("https://")]
    public void Credentials_go_over_https_only(string host) =>
        Assert.Contains("not an https address", Assert.Throws<MlflowException>(() => Load(new() { ["DATABRICKS_HOST"] = host, ["DATABRICKS_TOKEN"] = "t" })).Message);

    [Fact]
    public void A_token_for_this_connection_comes_before_everything_and_only_it()
    {
        DatabricksConfig config = DatabricksConfig.Load(null, new Variables { ["DATABRICKS_HOST"] = "h.example.com", ["DATABRICKS_CLIENT_ID"] = "i", ["DATABRICKS_CLIENT_SECRET"] = "s" }.Read, _home.FullPath, token: "mine");
        Assert.Equal("pat from -Token for h.example.com", new DatabricksIdentity(config, new ConnectionOptions()).Description);
    }

    [Theory]
    [InlineData("databricks", "databricks", null)]
    [InlineData(" databricks ", "databricks", null)]
    [InlineData("databricks://", "databricks", null)]
    [InlineData("databricks://prod", "databricks://prod", "prod")]
    public void The_tracking_URI_names_a_profile_or_none(string uri, string canonical, string? profile)
    {
        TrackingTarget target = TrackingTarget.Parse(uri, "/");
        Assert.Equal((canonical, profile, true, null), (target.Uri, target.Profile, target.IsDatabricks, target.Directory));
    }

    [Fact]
    public void A_user_and_password_are_not_for_a_workspace_and_those_of_a_server_do_not_go_there()
    {
        TrackingTarget target = TrackingTarget.Parse("databricks", "/");
        Variables environment = new() { ["DATABRICKS_HOST"] = "h.example.com", ["DATABRICKS_TOKEN"] = "t" };
        var given = new ConnectionOptions { Username = "ada", Password = "hush", CredentialsAreExplicit = true };
        Assert.Contains("does not accept a user and password", Assert.Throws<MlflowException>(() => target.Complete(given, environment.Read, _home.FullPath)).Message);

        ConnectionOptions options = target.Complete(given with { CredentialsAreExplicit = false, Token = "server" }, environment.Read, _home.FullPath);
        Assert.Equal((null, null, null), (options.Username, options.Password, options.Token));
        Assert.Equal("pat", options.Authentication);
    }

    private DatabricksConfig Load(Variables environment, string? profile = null) => DatabricksConfig.Load(profile, environment.Read, _home.FullPath);

    private void Write(string text) => System.IO.File.WriteAllText(Path.Combine(_home.FullPath, ".databrickscfg"), text);
}
