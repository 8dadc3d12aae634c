using Anovos.Mlflow.Yaml;

namespace Anovos.Mlflow.Tests.Yaml;

public class YamlScalarTests
{
    [Theory]
    [InlineData("yes", "True")]
    [InlineData("On", "True")]
    [InlineData("TRUE", "True")]
    [InlineData("no", "False")]
    [InlineData("Off", "False")]
    [InlineData("FALSE", "False")]
    public void A_word_of_YAML_1_1_is_a_boolean(string text, string value) => Is(YamlKind.Boolean, value, text);

    [Theory]
    [InlineData("y")]
    [InlineData("N")]
    [InlineData("yEs")]
    [InlineData("tRUE")]
    [InlineData("nULL")]
    [InlineData("1e3")]
    [InlineData("1.0e3")]
    [InlineData("0o10")]
    [InlineData("08")]
    [InlineData("12:60")]
    [InlineData("-.nan")]
    [InlineData("._5")]
    [InlineData("2020-1-2")]
    [InlineData("1,000")]
    public void What_PyYAML_takes_for_text_is_text(string text) => Is(YamlKind.String, text, text);

    [Theory]
    [InlineData("0", "0")]
    [InlineData("-17", "-17")]
    [InlineData("+1_000", "1000")]
    [InlineData("010", "8")]
    [InlineData("0b101", "5")]
    [InlineData("-0x1F", "-31")]
    [InlineData("12:30", "750")]
    [InlineData("1:00:00", "3600")]
    [InlineData("123456789012345678901234567890", "123456789012345678901234567890")]
    public void A_whole_number_has_one_spelling(string text, string value) => Is(YamlKind.Integer, value, text);

    [Theory]
    [InlineData("0.95", "0.95")]
    [InlineData("1.", "1")]
    [InlineData(".5", "0.5")]
    [InlineData("1_0.5_0", "10.5")]
    [InlineData("1.0e+3", "1000")]
    [InlineData("12:30.5", "750.5")]
    [InlineData("-.inf", "-Infinity")]
    [InlineData(".NaN", "NaN")]
    [InlineData("1.0e+400", "Infinity")]
    public void A_number_with_a_fraction_has_one_spelling(string text, string value) => Is(YamlKind.Float, value, text);

    [Theory]
    [InlineData("~")]
    [InlineData("null")]
    [InlineData("Null")]
    [InlineData("NULL")]
    [InlineData("")]
    public void Nothing_is_null(string text) => Is(YamlKind.Null, "None", text);

    [Theory]
    [InlineData("2020-01-02")]
    [InlineData("2020-1-2T10:11:12Z")]
    [InlineData("2020-01-02 10:11:12.5 +01:00")]
    public void A_date_keeps_its_text(string text) => Is(YamlKind.Timestamp, text, text);

    [Theory]
    [InlineData("'True'", "True")]
    [InlineData("\"12\"", "12")]
    [InlineData("''", "")]
    [InlineData("|\n  12", "12")]
    [InlineData("!!str 12", "12")]
    public void What_is_quoted_is_text(string yaml, string text) => Is(YamlKind.String, text, yaml);

    [Theory]
    [InlineData("!!int '12'", YamlKind.Integer, "12")]
    [InlineData("!!float 1e3", YamlKind.Float, "1000")]
    [InlineData("!!bool 'YES'", YamlKind.Boolean, "True")]
    [InlineData("!!null x", YamlKind.Null, "None")]
    [InlineData("!!timestamp '2020-1-2'", YamlKind.Timestamp, "2020-1-2")]
    [InlineData("!!binary aGk=", YamlKind.Binary, "aGk=")]
    [InlineData("! 12", YamlKind.Integer, "12")]
    public void A_tag_counts(string yaml, object kind, string value) => Is((YamlKind)kind, value, yaml);

    [Theory]
    [InlineData("2020-13-01")]
    [InlineData("2021-02-29")]
    [InlineData("2020-01-02 25:00:00")]
    [InlineData("0x_")]
    [InlineData("!!int x")]
    [InlineData("!!bool 1")]
    [InlineData("!!float +-")]
    [InlineData("=")]
    [InlineData("<<")]
    [InlineData("!foo x")]
    [InlineData("!!python/object/apply:os.system [x]")]
    [InlineData("!!str [x]")]
    [InlineData("!!map x")]
    public void What_SafeLoader_cannot_construct_is_a_fault(string yaml)
    {
        var fault = Assert.Throws<YamlFault>(() => Value(yaml));
        Assert.Equal(new YamlPosition(1, 4), fault.Position);
        Assert.NotEmpty(fault.Advice);
    }

    private static YamlNode Value(string yaml) => ((YamlMapping)YamlReader.Read("a: " + yaml, default)!)["a"]!;

    private static void Is(YamlKind kind, string value, string yaml)
    {
        var scalar = Assert.IsType<YamlScalar>(Value(yaml));
        Assert.Equal((kind, value), (scalar.Kind, scalar.Value));
    }
}
