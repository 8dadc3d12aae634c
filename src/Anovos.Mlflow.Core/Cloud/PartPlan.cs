namespace Anovos.Mlflow.Cloud;

/// <summary>Splits a file into parts, in the same way for the same length, so that an upload can be resumed.</summary>
/// <param name="Length">The length of the whole file in bytes.</param>
/// <param name="PartLength">The length of each part but the last, in bytes.</param>
internal sealed record PartPlan(long Length, int PartLength)
{
    /// <summary>Above S3's minimum of 5 MiB, and small enough to lose little with a lost connection.</summary>
    public const int DefaultPartLength = 8 << 20;

    /// <summary>
    /// For a server-side copy. The store sends nothing until a part is done, which must be well before a request times out. Far below the
    /// limits of S3 and Azure for one copy, 5 GiB and 4000 MiB.
    /// </summary>
    public const int CopiedPartLength = 256 << 20;

    private const int Step = 1 << 20;

    /// <summary>The number of parts, at least one.</summary>
    public int Count => (int)Math.Max(1, (Length + PartLength - 1) / PartLength);

    /// <summary>Returns the plan for a length, with at most a number of parts.</summary>
    /// <exception cref="MlflowException"><see cref="ErrorKind.ArtifactSendFailed"/> if the parts would be too large.</exception>
    public static PartPlan Of(long length, int maxParts, int usual = DefaultPartLength)
    {
        long least = (length + maxParts - 1) / maxParts;
        long rounded = (least + Step - 1) / Step * Step;
        return rounded < int.MaxValue
            ? new PartPlan(length, Math.Max(usual, (int)rounded))
            : throw new MlflowException(ErrorKind.ArtifactSendFailed, $"{length} bytes are more than {maxParts} parts can hold. Split the file.");
    }

    /// <summary>Returns the offset of a part; parts are counted from zero.</summary>
    public long OffsetOf(int index) => (long)index * PartLength;

    /// <summary>Returns the length of a part; parts are counted from zero.</summary>
    public int LengthOf(int index) => (int)Math.Min(PartLength, Length - OffsetOf(index));
}
