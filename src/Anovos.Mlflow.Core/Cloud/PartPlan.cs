namespace Anovos.Mlflow.Cloud;

/// <summary>How a file is cut: the same for the same length, so that an upload can be taken up again.</summary>
/// <param name="Length">Bytes of the whole.</param>
/// <param name="PartLength">Bytes of each part but the last.</param>
internal sealed record PartPlan(long Length, int PartLength)
{
    /// <summary>Above S3's least, 5 MiB, and small enough to lose little by a broken connection.</summary>
    public const int DefaultPartLength = 8 << 20;

    /// <summary>
    /// For what a store copies by itself: it says nothing until a part is done, and that must be well before a request times
    /// out. Far below what S3 and Azure copy at once, 5 GiB and 4000 MiB.
    /// </summary>
    public const int CopiedPartLength = 256 << 20;

    private const int Step = 1 << 20;

    /// <summary>How many parts there are, one at least.</summary>
    public int Count => (int)Math.Max(1, (Length + PartLength - 1) / PartLength);

    /// <summary>The plan for so many bytes in no more than so many parts.</summary>
    /// <exception cref="MlflowException"><see cref="ErrorKind.ArtifactSendFailed"/> for what fits into no number of parts.</exception>
    public static PartPlan Of(long length, int maxParts, int usual = DefaultPartLength)
    {
        long least = (length + maxParts - 1) / maxParts;
        long rounded = (least + Step - 1) / Step * Step;
        return rounded < int.MaxValue
            ? new PartPlan(length, Math.Max(usual, (int)rounded))
            : throw new MlflowException(ErrorKind.ArtifactSendFailed, $"{length} bytes are more than {maxParts} parts can hold. Split the file.");
    }

    /// <summary>Where a part begins, counted from zero.</summary>
    public long OffsetOf(int index) => (long)index * PartLength;

    /// <summary>The bytes of a part, counted from zero.</summary>
    public int LengthOf(int index) => (int)Math.Min(PartLength, Length - OffsetOf(index));
}
