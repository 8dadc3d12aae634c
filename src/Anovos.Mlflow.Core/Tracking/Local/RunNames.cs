using System.Globalization;

namespace Anovos.Mlflow.Tracking;

/// <summary>
/// Creates ids and names for a local store. All randomness comes from <see cref="Guid"/>, so that no two processes share it.
/// </summary>
internal static class RunNames
{
    private static readonly string[] Adjectives =
    [
        "amber", "bold", "brisk", "calm", "clever", "cosy", "dapper", "eager", "fleet", "frosty", "gentle", "golden", "hardy",
        "humble", "jolly", "keen", "lively", "lucid", "mellow", "nimble", "patient", "plucky", "quiet", "rapid", "sturdy",
        "sunny", "tidy", "upbeat", "vivid", "witty", "young", "zesty",
    ];

    private static readonly string[] Animals =
    [
        "badger", "beaver", "bison", "crane", "dolphin", "eagle", "falcon", "ferret", "finch", "fox", "gecko", "hare", "heron",
        "ibex", "jackdaw", "kestrel", "lark", "lynx", "marten", "newt", "otter", "owl", "panda", "puffin", "raven", "robin",
        "seal", "stork", "swift", "tapir", "walrus", "wren",
    ];

    /// <summary>Returns the name of a run to be started: the given name, the name in its tag, or a new one.</summary>
    /// <exception cref="MlflowException"><see cref="ErrorKind.InvalidValue"/> if both are given and differ.</exception>
    public static string Of(NewRun run)
    {
        string? asked = run.RunName is { Length: > 0 } ? run.RunName : null;
        string? tagged = run.Tags.LastOrDefault(tag => tag.Key == RunTags.RunName)?.Value;
        if (asked is not null && tagged is { Length: > 0 } && asked != tagged)
        {
            throw new MlflowException(ErrorKind.InvalidValue,
                $"The run is named '{asked}', but its tag {RunTags.RunName} names it '{tagged}'. Leave one of the two out.")
            { Target = asked };
        }

        return asked ?? (tagged is { Length: > 0 } ? tagged : NewName());
    }

    /// <summary>Creates a friendly name, such as <c>nimble-otter-417</c>.</summary>
    public static string NewName()
    {
        byte[] chance = Guid.NewGuid().ToByteArray();
        int number = 100 + (BitConverter.ToUInt16(chance, 2) % 900);
        return string.Format(CultureInfo.InvariantCulture, "{0}-{1}-{2}",
            Adjectives[chance[0] % Adjectives.Length], Animals[chance[1] % Animals.Length], number);
    }

    /// <summary>Creates a run id: a version 4 UUID as 32 hex digits.</summary>
    public static string NewRunId() => Guid.NewGuid().ToString("N");

    /// <summary>Creates an experiment id: 18 digits without a leading zero.</summary>
    public static string NewExperimentId()
    {
        ulong chance = BitConverter.ToUInt64(Guid.NewGuid().ToByteArray(), 0) ^ BitConverter.ToUInt64(Guid.NewGuid().ToByteArray(), 8);
        return (100_000_000_000_000_000UL + (chance % 900_000_000_000_000_000UL)).ToString(CultureInfo.InvariantCulture);
    }
}
