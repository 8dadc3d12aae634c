using System.Text;
using System.Text.RegularExpressions;
using Anovos.Mlflow.Artifacts;
using Anovos.Mlflow.Configuration;
using FsCheck;
using FsCheck.Fluent;
using FsCheck.Xunit;

namespace Anovos.Mlflow.Tests.Robustness;

/// <summary>What holds for every workflow file and every pattern.</summary>
[Properties(Arbitrary = new[] { typeof(AnyText), typeof(AnyPattern) }, MaxTest = 500)]
public sealed class ConfigurationProperties
{
    [Property]
    public void Any_bytes_are_a_workflow_or_an_invalid_one(byte[] bytes) => WorkflowReading.Read(bytes);

    [Property]
    public void Any_text_is_a_workflow_or_an_invalid_one(AnyText text) => WorkflowReading.Read(Encoding.UTF8.GetBytes(text.Value));

    [Property]
    public void Any_text_may_stand_in_a_workflow(AnyText key, AnyText value) => WorkflowReading.Read(Encoding.UTF8.GetBytes(
        $"mlflow:\n  experiment: {value.Value}\n  {key.Value}: {value.Value}\ninput_dataset:\n  read_dataset: {value.Value}\n{key.Value}:\n  - {value.Value}\n"));

    [Property]
    public void A_pattern_selects_what_its_regular_expression_does_and_all_below(AnyPattern pattern, AnyPattern path)
    {
        // '**' stands for any number of segments, and what matches a leading part of a path selects all of it.
        string[] segments = [.. pattern.Segments.Select(segment => segment == "**"
            ? "(?:[^/]+/)*"
            : Regex.Escape(segment).Replace("\\*", "[^/]*").Replace("\\?", "[^/]") + "/")];
        bool expected = Regex.IsMatch(string.Join("/", path.Segments) + "/", $"^{string.Concat(segments)}");

        Assert.Equal(expected, ArtifactPattern.Parse(string.Join("/", pattern.Segments)).Selects(string.Join("/", path.Segments)));
    }

    [Property]
    public void Any_text_is_a_pattern_or_an_invalid_value_and_selects_or_not(AnyText text, AnyText path)
    {
        try
        {
            ArtifactPattern pattern = ArtifactPattern.Parse(text.Value);
            pattern.Selects(path.Value);
            if (!text.Value.Contains('*') && !text.Value.Contains('?'))
                Assert.True(pattern.Selects(text.Value) && pattern.Selects(text.Value + "/below"));
        }
        catch (MlflowException failure)
        {
            Assert.Equal(ErrorKind.InvalidValue, failure.Kind);
        }
    }

    /// <summary>Segments of few letters, so that patterns and paths meet.</summary>
    public sealed record AnyPattern(string[] Segments)
    {
        public static Arbitrary<AnyPattern> Arbitrary() => Arb.From(
            from first in Segment()
            from more in Segment().ArrayOf()
            select new AnyPattern([first, .. more.Take(5)]));

        private static Gen<string> Segment() => Gen.Frequency(
            (1, Gen.Constant("**")),
            (4, from first in Gen.Elements("a", "b", "*", "?") from more in Gen.Elements("a", "b", "*", "?", "_").ArrayOf() select first + string.Concat(more.Take(6))));
    }
}
