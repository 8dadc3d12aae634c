using Anovos.Mlflow.Configuration;

namespace Anovos.Mlflow.Tests.Configuration;

public class SettingsTests
{
    [Theory]
    [InlineData("a: {b: {c: data/x}}", "a.b.c", "data/x")]
    [InlineData("a: {b: yes}", "a.b", "True")]
    [InlineData("a: {b: off}", "a.b", "False")]
    [InlineData("a: {b: 0.950}", "a.b", "0.95")]
    [InlineData("a: {b: 1.0}", "a.b", "1.0")]
    [InlineData("a: {b: 1.0e-7}", "a.b", "1e-07")]
    [InlineData("a: {b: 1e3}", "a.b", "1e3")]
    [InlineData("a: {b: 12:30}", "a.b", "750")]
    [InlineData("a: {b: 12:30.5}", "a.b", "750.5")]
    [InlineData("a: {b: 010}", "a.b", "8")]
    [InlineData("a: {b: 1_000}", "a.b", "1000")]
    [InlineData("a: {b: 0x1F}", "a.b", "31")]
    [InlineData("a: {b: 0b101}", "a.b", "5")]
    [InlineData("a: {b: +5}", "a.b", "5")]
    [InlineData("a: {b: -.inf}", "a.b", "-inf")]
    [InlineData("a: {b: .NaN}", "a.b", "nan")]
    [InlineData("a: {b: '010'}", "a.b", "010")]
    [InlineData("a: {b: !!str 12:30}", "a.b", "12:30")]
    [InlineData("a: {b: 08}", "a.b", "08")]
    [InlineData("a: {b: 2020-01-02}", "a.b", "2020-01-02")]
    [InlineData("a: {b: 2020-1-2T3:04:05Z}", "a.b", "2020-01-02 03:04:05+00:00")]
    [InlineData("a: {b: 2020-01-02 03:04:05.25 -05:30}", "a.b", "2020-01-02 03:04:05.250000-05:30")]
    [InlineData("a: {b: 2020-01-02 03:04:05.0}", "a.b", "2020-01-02 03:04:05")]
    [InlineData("a: {b: ''}", "a.b", "")]
    [InlineData("a: {b: [x, 'y z', 1, 2.0, yes, ~]}", "a.b", """["x","y z",1,2.0,true,null]""")]
    [InlineData("a: {b: [010, 1_0, 0x1f, .inf, 1.]}", "a.b", """[8,10,31,"inf",1.0]""")]
    [InlineData("a: {b: [0.950, 12:30, 1_000, 2020-1-2T3:04:05Z, '010']}", "a.b", """[0.95,750,1000,"2020-01-02 03:04:05+00:00","010"]""")]
    [InlineData("a: {b: [{c: 010}]}", "a.b", """[{"c":8}]""")]
    [InlineData("a: {b: []}", "a.b", "[]")]
    [InlineData("a: {b: [{c: 1, d: [e]}]}", "a.b", """[{"c":1,"d":["e"]}]""")]
    [InlineData("a: {b: ['>50K & \"größe\"']}", "a.b", """[">50K & \"größe\""]""")]
    [InlineData("a: {1: x}", "a.1", "x")]
    public void A_setting_has_a_dotted_key_and_a_text(string yaml, string key, string value) =>
        Assert.Equal(value, Sample.Read(yaml).Settings[key]);

    [Fact]
    public void Settings_stand_in_the_order_of_the_file()
    {
        AnovosConfig config = Sample.Read("z: {b: 1, a: 2}\n" + Sample.Tracking + "c: 3\nd: ~\ne: {}\n");
        Assert.Equal(["z.b", "z.a", "c"], config.Settings.Keys);
    }

    [Fact]
    public void A_key_that_MLflow_cannot_have_is_left_out_and_noted()
    {
        string name = new('k', 130);
        AnovosConfig config = Sample.Read($"{name}: {{{name}: 1, b: 2}}\n");
        Assert.Equal([name + ".b"], config.Settings.Keys);
        Assert.Contains("250", Assert.Single(config.Notes).Message);
    }

    [Fact]
    public void Of_two_settings_with_the_same_dotted_key_the_first_counts() =>
        Assert.Equal("1", Sample.Read("a.b: 1\na: {b: 2}\n").Settings["a.b"]);

    [Theory]
    [InlineData("password")]
    [InlineData("dbPassword")]
    [InlineData("client_secret")]
    [InlineData("token")]
    [InlineData("access-token")]
    [InlineData("sas")]
    [InlineData("SAS_url")]
    [InlineData("account_key")]
    [InlineData("accountKey")]
    [InlineData("auth_key")]
    [InlineData("credentials")]
    [InlineData("connection_string")]
    public void A_key_that_names_a_secret_hides_its_value(string key)
    {
        AnovosConfig config = Sample.Read($"a: {{{key}: hunter2}}\n");
        Assert.Equal("***", config.Settings["a." + key]);
        ConfigDiagnostic warning = Assert.Single(config.Warnings);
        Assert.Equal("a." + key, warning.Key);
        Assert.DoesNotContain("hunter2", warning.ToString());
    }

    [Theory]
    [InlineData("max_tokens")]
    [InlineData("disaster")]
    [InlineData("passenger")]
    [InlineData("list_of_cols")]
    [InlineData("key")]
    public void A_key_that_only_resembles_one_hides_nothing(string key)
    {
        AnovosConfig config = Sample.Read($"a: {{{key}: x}}\n");
        Assert.Equal("x", config.Settings["a." + key]);
        Assert.Empty(config.Warnings);
    }

    [Theory]
    [InlineData("https://me:pw@host/x", "https://me:***@host/x")]
    [InlineData("https://dapi123@host/x", "https://***@host/x")]
    [InlineData("jdbc:postgresql://u:p@ss@host:5432/db", "jdbc:postgresql://u:***@host:5432/db")]
    [InlineData("https://a.blob.core.windows.net/c?sv=1&sig=abc%3D&se=2", "https://a.blob.core.windows.net/c?sv=1&sig=***&se=2")]
    [InlineData("AccountName=a;AccountKey=abc==;X=1", "AccountName=a;AccountKey=***;X=1")]
    [InlineData("wasbs://container@account.blob.core.windows.net/x", "wasbs://container@account.blob.core.windows.net/x")]
    [InlineData("http://127.0.0.1:8889", "http://127.0.0.1:8889")]
    [InlineData("log(age) + 1.5|design=2", "log(age) + 1.5|design=2")]
    public void A_secret_inside_a_value_is_blotted_out(string value, string expected)
    {
        AnovosConfig config = Sample.Read($"a: {{b: '{value}', c: ['{value}']}}\n");
        Assert.Equal((expected, $"""["{expected}"]"""), (config.Settings["a.b"], config.Settings["a.c"]));
        Assert.Equal(value == expected ? 0 : 2, config.Warnings.Count);
    }

    [Fact]
    public void What_stands_below_a_secret_key_is_secret_too()
    {
        AnovosConfig config = Sample.Read("a: {credentials: {user: me, flag: yes, none: ~}, b: [{token: x, c: 1}], secrets: [1, y]}\n");
        Assert.Equal(("***", "True"), (config.Settings["a.credentials.user"], config.Settings["a.credentials.flag"]));
        Assert.Equal("""[{"token":"***","c":1}]""", config.Settings["a.b"]);
        Assert.Equal("""["***","***"]""", config.Settings["a.secrets"]);
    }
}
