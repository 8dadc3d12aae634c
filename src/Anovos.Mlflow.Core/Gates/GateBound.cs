using System.Globalization;
using Anovos.Mlflow.Registry;
using Anovos.Mlflow.Tracking;

namespace Anovos.Mlflow.Gates;

/// <summary>
/// The bound that a metric is compared with. It is exactly one of: a number, another run, a model version's run, or earlier runs.
/// </summary>
public sealed record GateBound
{
    private const string RunPrefix = "run:";
    private const string MedianPrefix = "median:";
    private const int MostRuns = 1000;

    /// <summary>A number.</summary>
    public double? Number { get; private init; }

    /// <summary>The id of another run.</summary>
    public string? RunId { get; private init; }

    /// <summary>A version of a registered model, such as <c>models:/income@champion</c>. Its run is compared.</summary>
    public ModelUri? Model { get; private init; }

    /// <summary>The number of the experiment's last finished runs to take the median of.</summary>
    public int? MedianOf { get; private init; }

    /// <summary>Parses <c>0.5</c>, <c>run:&lt;id&gt;</c>, <c>models:/name@alias</c> or <c>median:5</c>.</summary>
    /// <exception cref="MlflowException"><see cref="ErrorKind.InvalidValue"/></exception>
    public static GateBound Parse(string text)
    {
        if (TryNumber(text) is { } number)
            return new GateBound { Number = number };
        if (text.StartsWith(RunPrefix, StringComparison.Ordinal) && text.Substring(RunPrefix.Length) is var id && Run.IsRunId(id))
            return new GateBound { RunId = id };
        if (ModelUri.IsOne(text) && ModelUri.Parse(text) is { Name.Length: > 0 } model)
            return new GateBound { Model = model };
        if (text.StartsWith(MedianPrefix, StringComparison.Ordinal)
            && int.TryParse(text.Substring(MedianPrefix.Length), NumberStyles.None, CultureInfo.InvariantCulture, out int runs)
            && runs is > 0 and <= MostRuns)
        {
            return new GateBound { MedianOf = runs };
        }

        throw new MlflowException(ErrorKind.InvalidValue,
            $"'{text}' is not a bound. Write a number, run:<run id>, models:/<name>@<alias>, or median:<number of runs, 1 to {MostRuns}>.")
        { Target = text };
    }

    /// <summary>Returns the number; null if the text is not a number, or is a number that cannot be compared (NaN).</summary>
    internal static double? TryNumber(string text) =>
        double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double number)
        && !double.IsNaN(number) && !double.IsInfinity(number) ? number : null;
}
