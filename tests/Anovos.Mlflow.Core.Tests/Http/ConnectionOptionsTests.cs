using Anovos.Mlflow.Http;

namespace Anovos.Mlflow.Tests.Http;

public sealed class ConnectionOptionsTests : IDisposable
{
    private readonly string _home = Directory.CreateTempSubdirectory("anovos-mlflow-").FullName;

    [Fact]
    public void User_and_password_of_the_environment_mean_basic_authentication_even_beside_a_token()
    {
        ConnectionOptions options = Read(("MLFLOW_TRACKING_USERNAME", "ada"), ("MLFLOW_TRACKING_PASSWORD", "p"), ("MLFLOW_TRACKING_TOKEN", "t"));
        Assert.Equal("Basic", options.Authentication);
        Assert.Equal("MLFLOW_TRACKING_USERNAME", options.CredentialSource);
    }

    [Fact]
    public void A_user_without_a_password_leaves_the_token() =>
        Assert.Equal("Bearer", Read(("MLFLOW_TRACKING_USERNAME", "ada"), ("MLFLOW_TRACKING_TOKEN", "t")).Authentication);

    [Fact]
    public void The_credentials_file_is_read_and_the_environment_comes_first()
    {
        Directory.CreateDirectory(Path.Combine(_home, ".mlflow"));
        File.WriteAllText(Path.Combine(_home, ".mlflow", "credentials"), "; mine\n[other]\nmlflow_tracking_username = eve\n[mlflow]\nmlflow_tracking_username = ada\nMLFLOW_TRACKING_PASSWORD: p=w\n");

        ConnectionOptions file = Read();
        Assert.Equal(("ada", "p=w", "~/.mlflow/credentials"), (file.Username, file.Password, file.CredentialSource));
        Assert.Equal("bob", Read(("MLFLOW_TRACKING_USERNAME", "bob")).Username);
    }

    [Fact]
    public void Insecure_TLS_and_a_certificate_to_check_against_exclude_each_other()
    {
        MlflowException e = Assert.Throws<MlflowException>(() => Read(("MLFLOW_TRACKING_INSECURE_TLS", "true"), ("MLFLOW_TRACKING_SERVER_CERT_PATH", "ca.pem")));
        Assert.Equal(ErrorKind.InvalidValue, e.Kind);
    }

    [Theory]
    [InlineData("MLFLOW_TRACKING_INSECURE_TLS", "yes please")]
    [InlineData("MLFLOW_HTTP_REQUEST_TIMEOUT", "soon")]
    [InlineData("MLFLOW_HTTP_REQUEST_TIMEOUT", "-1")]
    public void A_variable_that_cannot_be_read_is_named(string name, string value) =>
        Assert.Contains(name, Assert.Throws<MlflowException>(() => Read((name, value))).Message);

    [Fact]
    public void What_the_options_say_of_themselves_is_no_secret() =>
        Assert.DoesNotContain("hush", Read(("MLFLOW_TRACKING_USERNAME", "ada"), ("MLFLOW_TRACKING_PASSWORD", "hush")).ToString());

    [Theory]
    [InlineData("http://mlflow.corp:5000/", true)]
    [InlineData("http://other.corp/", false)]
    [InlineData("http://sub.direct.corp/", true)]
    [InlineData("http://direct.corp/", true)]
    [InlineData("http://indirect.corp/", false)]
    public void The_proxy_of_the_environment_is_used_but_for_the_hosts_without_one(string uri, bool direct)
    {
        ConnectionOptions options = Read(("HTTP_PROXY", "http://user:pw@proxy:3128"), ("NO_PROXY", "localhost, mlflow.corp:5000, .direct.corp"));
        EnvironmentProxy proxy = EnvironmentProxy.From(options)!;
        Assert.Equal(direct ? null : "http://proxy:3128", EnvironmentProxy.AddressFor(new Uri(uri), options));
        Assert.Equal(direct, proxy.IsBypassed(new Uri(uri)));
        Assert.Equal("user", proxy.Credentials!.GetCredential(new Uri("http://proxy:3128"), "Basic")!.UserName);
        Assert.Null(proxy.Credentials.GetCredential(new Uri(uri), "Basic"));
    }

    public void Dispose() => Directory.Delete(_home, recursive: true);

    private ConnectionOptions Read(params (string Name, string Value)[] environment) =>
        ConnectionOptions.FromEnvironment(name => environment.FirstOrDefault(variable => variable.Name == name).Value, _home);
}
