using Anovos.Mlflow.Databricks;
using Anovos.Mlflow.Http;
using Anovos.Mlflow.Tests.Tracking;

namespace Anovos.Mlflow.Tests.Databricks;

/// <summary>Tests <c>.databrickscfg</c> as written by the Databricks CLI and edited by people.</summary>
public sealed class ProfilesFileTests : IDisposable
{
    private readonly TemporaryFolder _home = new();
    private readonly Variables _environment = [];

    public void Dispose() => _home.Dispose();

    [Theory]
    [InlineData("token = t # comment")]
    [InlineData("token = t ; comment")]
    [InlineData("token = t\t# comment")]
    [InlineData("token = \"t\" # comment")]
    [InlineData("token = 't';comment")]
    [InlineData("  token: \"t\"  ")]
    [InlineData("TOKEN = t")]
    public void A_value_may_have_quotes_and_a_comment_after_it(string line)
    {
        Write($"[a] # of [the team]\nhost = h.example.com\n{line}\n");
        Assert.Equal("t", Load("a")["token"]);
    }

    [Theory]
    [InlineData("%Y#X$Z", "%Y#X$Z")]
    [InlineData("s=1;2", "s=1;2")]
    [InlineData("#begins", "#begins")]
    [InlineData("\"a # b\" # comment", "a # b")]
    [InlineData("it's", "it's")]
    [InlineData("'open", "'open")]
    public void A_secret_may_contain_what_elsewhere_is_syntax(string value, string secret)
    {
        Write($"[a]\nhost = h.example.com\nclient_id = c\nclient_secret = {value}\n");
        Assert.Equal(secret, Load("a")["client_secret"]);
    }

    [Theory]
    [InlineData("[a]\nhost = x\n[b]\nhost = y\n[a]\ntoken = hush", "Line 5 starts the section [a] for the second time")]
    [InlineData("[a]\nhost = x\ntoken = hush\nToken = hush2", "Line 4 repeats a key of its section")]
    [InlineData("host = x\n[a]\ntoken = hush", "Line 1 has a key before the first section header")]
    [InlineData("[a]\nhost = x\nhush", "Line 3 is neither a section header, a comment nor a key with a value")]
    [InlineData("[a]\nhost = x\n= hush", "Line 3 is neither")]
    [InlineData("[a\nhost = x\ntoken = hush", "Line 1 starts with '[' but is not a section header")]
    [InlineData("[a] hush\nhost = x", "Line 1 has text after its section header")]
    public void What_is_not_understood_is_an_error_with_its_line(string text, string reason)
    {
        Write(text);
        MlflowException e = Assert.Throws<MlflowException>(() => Load("a"));
        Assert.Equal((ErrorKind.InvalidValue, Path), (e.Kind, e.Target));
        Assert.StartsWith($"The Databricks configuration file {Path} cannot be read: {reason}", e.Message);
        Assert.DoesNotContain("hush", e.ToString());
    }

    [Theory]
    [InlineData("gone", "has no profile 'gone'. It has DEFAULT, a")]
    [InlineData("__settings__", "has no profile '__settings__': [__settings__] contains the settings of the Databricks CLI")]
    [InlineData("a", null)]
    [InlineData("\"a\" # chosen with databricks auth switch", null)]
    [InlineData("", null)]
    public void The_settings_of_the_CLI_name_the_default_profile(string profile, string? error)
    {
        Write($"[DEFAULT]\nhost = d.example.com\ntoken = d\n[__settings__]\ndefault_profile = {profile}\nauth_storage = secure\n"
            + "[a]\nhost = a.example.com\ntoken = a\n");
        if (error is not null)
            Assert.Contains(error, Assert.Throws<MlflowException>(() => Load(null)).Message);
        else
            Assert.Equal(profile.Length == 0 ? "d.example.com" : "a.example.com", Load(null).Host.Host);
    }

    [Fact]
    public void An_empty_DEFAULT_is_none()
    {
        Write("[DEFAULT]\n[a]\nhost = a.example.com\n");
        Assert.Contains("no workspace is configured", Assert.Throws<MlflowException>(() => Load(null)).Message);
    }

    [Fact]
    public void The_host_in_a_profile_may_be_the_address_of_a_page()
    {
        Write("[a]\nhost = https://a.example.com/?o=42&a=acc # from the browser\ntoken = t\n");
        DatabricksConfig config = Load("a");
        Assert.Equal(("https://a.example.com/", "42", "acc"), (config.Host.ToString(), config["workspace_id"], config["account_id"]));
        _environment["DATABRICKS_HOST"] = "a.example.com";
        Assert.Equal("t", Load("a")["token"]);
    }

    [Theory]
    [InlineData("DATABRICKS_HOST", "https://other.example.com")]
    [InlineData("DATABRICKS_HOST", "https://a.example.com:8443")]
    [InlineData("DATABRICKS_HOST", "https://a.example.com.evil.example")]
    public void The_token_of_a_profile_goes_to_its_host_only(string variable, string host)
    {
        Write("[a]\nhost = https://a.example.com\ntoken = hush\n");
        _environment[variable] = host;
        foreach (bool isNamed in new[] { true, false })
        {
            _environment["DATABRICKS_CONFIG_PROFILE"] = isNamed ? null : "a";
            MlflowException e = Assert.Throws<MlflowException>(() => Load(isNamed ? "a" : null));
            Assert.Contains("credentials of one host must not be sent to another", e.Message);
            Assert.DoesNotContain("hush", e.ToString());
        }
    }

    [Theory]
    [InlineData("token = own", "DATABRICKS_TOKEN=other", "pat", "own")]
    [InlineData("token = own", "DATABRICKS_CLIENT_ID=i,DATABRICKS_CLIENT_SECRET=s", "pat", "own")]
    [InlineData("token = own", "DATABRICKS_AUTH_TYPE=oauth-m2m,DATABRICKS_CLIENT_ID=i,DATABRICKS_CLIENT_SECRET=s", "pat", "own")]
    [InlineData("client_id = i\nclient_secret = s", "DATABRICKS_TOKEN=other", "oauth-m2m", null)]
    [InlineData("client_id = i\nclient_secret = s", "ARM_CLIENT_ID=x,ARM_TENANT_ID=y", "oauth-m2m", null)]
    [InlineData("auth_type = pat", "DATABRICKS_AUTH_TYPE=oauth-m2m,DATABRICKS_TOKEN=other", "pat", "other")]
    [InlineData("cloud = AWS", "DATABRICKS_TOKEN=other", "pat", "other")]
    public void A_profile_that_the_caller_names_comes_before_the_environment(string profile, string variables, string method, string? token)
    {
        Write($"[a]\nhost = a.example.com\n{profile}\n");
        foreach (string pair in variables.Split(','))
            _environment[pair.Split('=')[0]] = pair.Split('=')[1];
        DatabricksConfig config = Load("a");
        Assert.Equal((method, token), (new DatabricksIdentity(config, new ConnectionOptions()).Method, config["token"]));
    }

    [Fact]
    public void A_profile_of_the_environment_comes_after_the_other_variables()
    {
        Write("[a]\nhost = a.example.com\ntoken = own\n");
        _environment["DATABRICKS_CONFIG_PROFILE"] = "a";
        _environment["DATABRICKS_TOKEN"] = "other";
        Assert.Equal("other", Load(null)["token"]);
        _environment["DATABRICKS_CLIENT_ID"] = "i";
        Assert.Contains("More than one way to sign in to a.example.com", Assert.Throws<MlflowException>(() => Load(null)).Message);
    }

    private string Path => System.IO.Path.Combine(_home.FullPath, ".databrickscfg");

    private DatabricksConfig Load(string? profile) => DatabricksConfig.Load(profile, _environment.Read, _home.FullPath);

    private void Write(string text) => File.WriteAllText(Path, text);
}
