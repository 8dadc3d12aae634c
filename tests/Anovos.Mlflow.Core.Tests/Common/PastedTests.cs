using Anovos.Mlflow.Cloud;
using Anovos.Mlflow.Databricks;
using Anovos.Mlflow.Http;
using Anovos.Mlflow.Stores;

namespace Anovos.Mlflow.Tests.Common;

/// <summary>Tests pasted credentials and settings with extra characters, and unresolved placeholders.</summary>
public sealed class PastedTests
{
    private const string Workspace = "https://adb-1.1.azuredatabricks.net";

    /// <summary>The variables that are read, each with the other settings needed to read it.</summary>
    public static TheoryData<string, string> Variables => new()
    {
        { "MLFLOW_TRACKING_TOKEN", "" }, { "MLFLOW_TRACKING_USERNAME", "" }, { "MLFLOW_TRACKING_PASSWORD", "" }, { "MLFLOW_WORKSPACE", "" },
        { "MLFLOW_TRACKING_SERVER_CERT_PATH", "" }, { "MLFLOW_TRACKING_CLIENT_CERT_PATH", "" }, { "MLFLOW_TRACKING_INSECURE_TLS", "" },
        { "MLFLOW_HTTP_REQUEST_TIMEOUT", "" }, { "MLFLOW_HTTP_REQUEST_MAX_RETRIES", "" }, { "MLFLOW_MULTIPART_UPLOAD_CHUNK_SIZE", "" },
        { "ANOVOS_MLFLOW_SENT_PATH", "" }, { "HTTP_PROXY", "" }, { "HTTPS_PROXY", "" }, { "ALL_PROXY", "" }, { "NO_PROXY", "" },
        { "DATABRICKS_HOST", "databricks" }, { "DATABRICKS_TOKEN", "databricks" }, { "DATABRICKS_CONFIG_PROFILE", "databricks" },
        { "DATABRICKS_CONFIG_FILE", "databricks" }, { "DATABRICKS_CLIENT_ID", "databricks" }, { "DATABRICKS_CLIENT_SECRET", "databricks" },
        { "DATABRICKS_OIDC_TOKEN", "databricks" }, { "DATABRICKS_AUTH_TYPE", "databricks" }, { "ARM_CLIENT_SECRET", "databricks" },
        { "ARM_TENANT_ID", "databricks" }, { "DATABRICKS_AZURE_RESOURCE_ID", "databricks" }, { "SYSTEM_ACCESSTOKEN", "databricks" },
        { "AWS_SECRET_ACCESS_KEY", "bucket" }, { "AWS_SESSION_TOKEN", "bucket" }, { "AWS_DEFAULT_REGION", "bucket" }, { "MLFLOW_S3_ENDPOINT_URL", "bucket" },
    };

    [Theory]
    [InlineData("dapi-1\n")]
    [InlineData("\r\ndapi-1\r\n")]
    [InlineData(" \"dapi-1\" ")]
    [InlineData("'dapi-1'")]
    [InlineData("\u201Cdapi-1\u201D")]
    [InlineData("\uFEFFdapi-1\u200B")]
    [InlineData("Bearer dapi-1")]
    [InlineData("bearer  dapi-1\n")]
    [InlineData("\"Bearer dapi-1\"")]
    [InlineData("Authorization: Bearer dapi-1")]
    [InlineData("Bearer \"dapi-1\"")]
    public void What_pasting_adds_to_a_token_is_removed(string pasted)
    {
        Assert.Equal("dapi-1", Pasted.Token(pasted, "here"));
        Assert.Equal("dapi-1", Options(("MLFLOW_TRACKING_TOKEN", pasted)).Token);
        Assert.Equal("dapi-1", Databricks(("DATABRICKS_HOST", $"\"{Workspace}\"\n"), ("DATABRICKS_TOKEN", pasted))["token"]);
    }

    [Theory]
    [InlineData("")]
    [InlineData(" \n")]
    [InlineData("\"\"")]
    [InlineData("Bearer ")]
    public void Nothing_is_no_token(string pasted) => Assert.Null(Options(("MLFLOW_TRACKING_TOKEN", pasted)).Token);

    [Theory]
    [InlineData("dapi-\u2026", "U+2026", 6)]
    [InlineData("dapi 1", "U+0020", 5)]
    [InlineData("dapi\r\n1", "U+000D", 5)]
    [InlineData("d\u0430pi", "U+0430", 2)]
    [InlineData("dapi\u200B1", "U+200B", 5)]
    public void What_no_token_can_contain_is_reported_without_the_token(string pasted, string character, int position)
    {
        MlflowException[] all =
        [
            Assert.Throws<MlflowException>(() => Options(("MLFLOW_TRACKING_TOKEN", pasted))),
            Assert.Throws<MlflowException>(() => Databricks(("DATABRICKS_HOST", Workspace), ("DATABRICKS_TOKEN", pasted))),
        ];
        foreach (MlflowException e in all)
        {
            Assert.Equal(ErrorKind.InvalidValue, e.Kind);
            Assert.Contains($"({character}) at position {position}", e.Message);
            Assert.Contains("TOKEN", e.Message);
            Assert.DoesNotContain("api", e.Message);
        }
    }

    [Theory]
    [InlineData("team\n", "team")]
    [InlineData("'team a'", "team a")]
    [InlineData("t\u00E4am", null)]
    [InlineData("te\nam", null)]
    public void A_workspace_is_repaired_or_reported(string pasted, string? expected)
    {
        if (expected is not null)
            Assert.Equal(expected, Options(("MLFLOW_WORKSPACE", pasted)).Workspace);
        else
            Assert.Contains("MLFLOW_WORKSPACE", Assert.Throws<MlflowException>(() => Options(("MLFLOW_WORKSPACE", pasted))).Message);
    }

    [Fact]
    public void A_password_loses_its_line_end_and_nothing_else()
    {
        ConnectionOptions options = Options(("MLFLOW_TRACKING_USERNAME", "ada\r\n"), ("MLFLOW_TRACKING_PASSWORD", " \"p\u00E4ss$(x)\" \n"));
        Assert.Equal(("ada", " \"p\u00E4ss$(x)\" "), (options.Username, options.Password));
        TrackingTarget target = TrackingTarget.Parse("\"http://ada:hush%0A@host:5000\"\n", "/");
        Assert.Equal("http://host:5000", target.Uri);
        Assert.Equal("hush", target.Complete(new ConnectionOptions(), _ => null, home: null).Password);
    }

    [Theory]
    [MemberData(nameof(Variables))]
    public void A_placeholder_in_a_variable_is_an_error_that_names_it(string variable, string where)
    {
        foreach (string placeholder in new[] { "$(ml.Flow-1)", "{{secrets/scope/key}}", "{{ secrets/my scope/key }}", "${{ variables.x }}", "$[variables.x]" })
        {
            MlflowException e = Assert.Throws<MlflowException>(() => Read(variable, placeholder, where));
            Assert.Equal((ErrorKind.InvalidValue, variable), (e.Kind, e.Target));
            Assert.StartsWith($"{variable} is '{placeholder}', ", e.Message);
        }
    }

    [Fact]
    public void A_placeholder_within_a_URI_or_after_Bearer_is_found_and_one_within_a_secret_is_not()
    {
        Assert.Contains("$(host)", Assert.Throws<MlflowException>(() => TrackingTarget.Parse("https://$(host)/x", "/")).Message);
        Assert.Contains("$(mlflow)", Assert.Throws<MlflowException>(() => TrackingTarget.Parse("$(mlflow)", "/")).Message);
        Assert.Contains("$(t)", Assert.Throws<MlflowException>(() => Options(("MLFLOW_TRACKING_TOKEN", "Bearer $(t)"))).Message);
        Assert.Equal("a$(b)c", Options(("MLFLOW_TRACKING_TOKEN", "a$(b)c")).Token);
    }

    [Theory]
    [InlineData("$(touch x)")]
    [InlineData("{{secret}}")]
    [InlineData("a$b(c)")]
    public void Other_text_is_no_placeholder(string text) => Assert.Equal(text, Pasted.Setting(text, "here"));

    private static void Read(string variable, string value, string where)
    {
        _ = where switch
        {
            "databricks" => (object)Databricks(("DATABRICKS_HOST", Workspace), (variable, value)),
            "bucket" => S3Settings.FromEnvironment(new EnvironmentVariables(name => name == variable ? value : null)),
            _ => Options((variable, value)),
        };
    }

    private static ConnectionOptions Options(params (string Name, string Value)[] variables) => ConnectionOptions.FromEnvironment(Environment(variables), home: null);

    private static DatabricksConfig Databricks(params (string Name, string Value)[] variables) => DatabricksConfig.Load(null, Environment(variables), home: null);

    private static Func<string, string?> Environment((string Name, string Value)[] variables) => name => variables.LastOrDefault(variable => variable.Name == name).Value;
}
