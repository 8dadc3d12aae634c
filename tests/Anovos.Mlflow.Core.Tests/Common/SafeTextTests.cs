namespace Anovos.Mlflow.Tests.Common;

/// <summary>Tests that untrusted text is shown but controls neither a terminal nor a build.</summary>
public sealed class SafeTextTests
{
    [Theory]
    [InlineData("größe 世 🎉 a\\nb [x] ## heading, # and [::1]:5000, [Type]::Name")]
    [InlineData("C:\\new\\table")]
    [InlineData("")]
    public void A_harmless_text_stays_as_it_is(string text) => Assert.Same(text, SafeText.Of(text));

    [Theory]
    [InlineData("a\nb\r\nc\td", "a␊b␍␊c␉d")]
    [InlineData("\u001b[31mred\u0007\b\u007f\0", "␛[31mred␇␈␡␀")]
    [InlineData("\u009b31m\u0085", "\\u009B31m\\u0085")]
    [InlineData("gpj.\u202Eexe\u2066\u200f\u2028", "gpj.\\u202Eexe\\u2066\\u200F\\u2028")]
    [InlineData("##vso[task.setvariable variable=x]y", "# #vso[task.setvariable variable=x]y")]
    [InlineData("in a line ##VSO[x] and ###[error]", "in a line # #VSO[x] and ## #[error]")]
    [InlineData("##teamcity[x]", "# #teamcity[x]")]
    [InlineData("::set-output name=x::y", ": :set-output name=x::y")]
    [InlineData("a wrapped ::error::line", "a wrapped : :error::line")]
    public void What_steers_is_made_visible_or_broken_up(string text, string safe) => Assert.Equal(safe, SafeText.Of(text));

    [Fact]
    public void Half_a_surrogate_pair_is_made_visible() =>
        Assert.Equal("\\uD800 \\uDC00 🎉", SafeText.Of(string.Concat("\ud800", " ", "\udc00", " 🎉")));

    [Fact]
    public void The_message_of_every_failure_is_made_safe_and_its_target_stays() =>
        Assert.Equal(
            ("no␊# #[error]x", "no\n##[error]x"),
            (new MlflowException(ErrorKind.ServerError, "no\n##[error]x").Message, new MlflowException(ErrorKind.ServerError, "") { Target = "no\n##[error]x" }.Target));
}
