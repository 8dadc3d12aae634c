using Anovos.Mlflow.Artifacts;
using Anovos.Mlflow.Tracking;

namespace Anovos.Mlflow.Tests.Robustness;

/// <summary>What the properties found, in its shortest form.</summary>
public class CounterexampleTests
{
    // A cut at 250 characters left a last segment of '.' or '..'.
    [Theory]
    [InlineData("/.b")]
    [InlineData("/..b")]
    [InlineData("/b")]
    public void A_key_that_is_cut_within_a_segment_is_valid(string end)
    {
        for (int length = StoreLimits.Mlflow.Key - 4; length <= StoreLimits.Mlflow.Key; length++)
            Assert.Null(StoreLimits.Mlflow.WhyInvalidKey(StoreLimits.Mlflow.ToValidKey(new string('a', length) + end)));
    }

    // Python's \w, by which a server decides, has no combining marks and no joiners.
    [Theory]
    [InlineData("e\u0301", "e_")]
    [InlineData("a\u203Fb", "a_b")]
    [InlineData("a\u200Db", "a_b")]
    [InlineData("x²", "x²")]
    [InlineData("é", "é")]
    public void Keys_hold_what_Python_takes_for_part_of_a_word(string key, string valid)
    {
        Assert.Equal(valid, StoreLimits.Mlflow.ToValidKey(key));
        Assert.Equal(key == valid, StoreLimits.Mlflow.WhyInvalidKey(key) is null);
    }

    [Fact]
    public void Half_a_character_in_an_artifact_path_is_refused()
    {
        // No theory: an attribute cannot hold them either.
        foreach (string path in new[] { "\uDC00", "a\uD800", "\uD800\uD800\uDC00" })
            Assert.Equal(ErrorKind.ArtifactPathInvalid, Assert.Throws<MlflowException>(() => ArtifactPath.Normalize(path)).Kind);
        Assert.Equal("\uD83D\uDE00", ArtifactPath.Normalize("\uD83D\uDE00"));
    }
}
