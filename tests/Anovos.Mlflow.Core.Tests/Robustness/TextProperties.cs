using Anovos.Mlflow.Artifacts;
using Anovos.Mlflow.Tracking;
using FsCheck.Xunit;

namespace Anovos.Mlflow.Tests.Robustness;

/// <summary>What holds for every text as a key, a path and a scalar.</summary>
[Properties(Arbitrary = new[] { typeof(AnyText) }, MaxTest = 500)]
public sealed class TextProperties
{
    [Property]
    public void Every_text_becomes_a_key_that_MLflow_takes_and_that_stays_as_it_is(AnyText text)
    {
        string key = StoreLimits.Mlflow.ToValidKey(text.Value);
        Assert.Null(StoreLimits.Mlflow.WhyInvalidKey(key));
        Assert.Equal(key, StoreLimits.Mlflow.ToValidKey(key));
        if (StoreLimits.Mlflow.WhyInvalidKey(text.Value) is null)
            Assert.Equal(text.Value, key);
    }

    [Property]
    public void Settings_of_any_names_become_params_of_their_own(AnyText[] names)
    {
        var builder = new ParamBuilder(StoreLimits.Mlflow);
        for (int i = 0; i < names.Length; i++)
            builder.Add(names[i].Value, $"{i}");

        Assert.Distinct(builder.Params.Select(param => param.Key));
        Assert.All(builder.Params, param => Assert.Null(StoreLimits.Mlflow.WhyInvalidKey(param.Key)));
        Assert.Equal(Enumerable.Range(0, names.Length).Select(i => $"{i}"), builder.Params.Select(param => param.Value));
    }

    [Property]
    public void A_long_value_is_cut_to_a_text_of_whole_characters(AnyText text, byte limit)
    {
        List<string> warnings = [];
        string cut = ParamBuilder.Cut("k", text.Value, limit + 1, truncate: true, warnings);
        Assert.True(cut.Length <= limit + 1 && text.Value.StartsWith(cut, StringComparison.Ordinal));
        Assert.Equal(cut == text.Value, warnings.Count == 0);
    }

    [Property]
    public void An_artifact_path_is_refused_or_stays_below_its_root(AnyText text)
    {
        // A name that Windows lacks is refused where a file is written.
        if (Normal(text.Value) is not { } path
            || (WindowsName.IsWindows && path.Split('/').Any(name => WindowsName.WhyRefused(name) is not null)))
        {
            return;
        }

        string root = Path.Combine(Path.GetTempPath(), "root");
        string full = Path.GetFullPath(Path.Combine(root, path));
        Assert.True(full == root || full.TrimEnd(Path.DirectorySeparatorChar) == root || full.StartsWith(root + Path.DirectorySeparatorChar, StringComparison.Ordinal));
        Assert.Equal(path, Normal(path));
    }

    [Property]
    public void An_artifact_path_comes_out_of_a_URL_as_it_went_in(AnyText text)
    {
        if (Normal(text.Value) is not { } path)
            return;
        string[] segments = new Uri("http://host/" + ArtifactPath.Escape(path)).AbsolutePath.Substring(1).Split('/');
        Assert.Equal(path, string.Join("/", segments.Select(Uri.UnescapeDataString)));
    }

    [Property]
    public void A_text_comes_out_of_a_flat_YAML_file_as_it_went_in(AnyText text, AnyText other)
    {
        var fields = FlatYamlReader.Read($"a: {FlatYamlText.Write(text.Value)}\nb: {FlatYamlText.Write(other.Value)}\n");
        Assert.Equal([("a", text.Value), ("b", other.Value)], fields.Select(field => (field.Key, field.Value!)));
    }

    [Property]
    public void Any_text_is_a_flat_YAML_file_or_the_wrong_form(AnyText text)
    {
        Dictionary<string, string?> fields;
        try
        {
            fields = FlatYamlReader.Read(text.Value);
        }
        catch (FormatException failure)
        {
            // The only failure that its callers know.
            Assert.NotEmpty(failure.Message);
            return;
        }

        static string Scalar(string? value) => value is null ? "null" : FlatYamlText.Write(value);
        string written = string.Concat(fields.Select(field => $"{field.Key}: {Scalar(field.Value)}\n"));
        Assert.Equal(fields, FlatYamlReader.Read(written));
    }

    [Property]
    public void A_point_comes_out_of_a_metric_file_as_it_went_in(double value, long timestamp, long step)
    {
        Assert.True(PythonFloat.TryRead(PythonFloat.Write(value), out double read));
        Assert.Equal(BitConverter.DoubleToInt64Bits(value), double.IsNaN(value) ? BitConverter.DoubleToInt64Bits(value) : BitConverter.DoubleToInt64Bits(read));
        using var line = new StringWriter();
        MetricFile.Write(line, [new Metric("m", value, timestamp, step)]);
        string[] words = line.ToString().TrimEnd('\n').Split(' ');
        Assert.Equal([$"{timestamp}", PythonFloat.Write(value), $"{step}"], words);
    }

    [Property]
    public void Doubles_of_any_bits_come_back(long bits)
    {
        double value = BitConverter.Int64BitsToDouble(bits);
        Assert.True(PythonFloat.TryRead(PythonFloat.Write(value), out double read));
        Assert.Equal(value, read);
    }

    private static string? Normal(string path)
    {
        try
        {
            return ArtifactPath.Normalize(path);
        }
        catch (MlflowException failure) when (failure.Kind == ErrorKind.ArtifactPathInvalid)
        {
            return null;
        }
    }
}
