namespace Anovos.Mlflow.Configuration;

/// <summary>The ids of the rules for workflow files. They are part of the public surface: scripts select findings by them.</summary>
internal static class RuleIds
{
    // The file.
    public const string Yaml = "yaml";
    public const string FileEmpty = "file-empty";
    public const string FileNotMapping = "file-not-mapping";
    public const string Secret = "secret";
    public const string SettingTooLong = "setting-too-long";

    // Blocks.
    public const string BlockMissing = "block-missing";
    public const string BlockNotMapping = "block-not-mapping";
    public const string BlockNull = "block-null";
    public const string BlockUnknown = "block-unknown";
    public const string BlockUnused = "block-unused";
    public const string GroupUnknown = "group-unknown";

    // Steps and keys.
    public const string StepUnknown = "step-unknown";
    public const string StepBroken = "step-broken";
    public const string StepHelper = "step-helper";
    public const string StepRepeated = "step-repeated";
    public const string MetricUnknown = "metric-unknown";
    public const string KeyUnknown = "key-unknown";
    public const string KeyMissing = "key-missing";
    public const string KeySetByWorkflow = "key-set-by-workflow";
    public const string OptionUnknown = "option-unknown";
    public const string OptionUseless = "option-useless";

    // Values.
    public const string ValueNull = "value-null";
    public const string ValueType = "value-type";
    public const string ValueChoice = "value-choice";
    public const string ValueRange = "value-range";
    public const string ValueTruth = "value-truth";
    public const string ValueCombination = "value-combination";
    public const string ValueIgnored = "value-ignored";
    public const string ListLength = "list-length";
    public const string PathInvalid = "path-invalid";
    public const string PatternInvalid = "pattern-invalid";
    public const string DefaultDiffers = "default-differs";

    // Steps that need each other.
    public const string DatasetSkipped = "dataset-skipped";
    public const string WriteMissing = "write-missing";
    public const string WriteMode = "write-mode";
    public const string WriteKey = "write-key";
    public const string StatisticMissing = "statistic-missing";
    public const string StatisticLate = "statistic-late";
    public const string StepOrder = "step-order";
    public const string ReportIncomplete = "report-incomplete";
    public const string FeastSettings = "feast-settings";

    // Tracking.
    public const string TrackingKeyMissing = "tracking-key-missing";
    public const string TrackingIdle = "tracking-idle";
    public const string TrackingCrash = "tracking-crash";

    // Columns and data.
    public const string ColumnDropped = "column-dropped";
    public const string ColumnUnknown = "column-unknown";
    public const string ColumnIgnored = "column-ignored";
    public const string ColumnTwice = "column-twice";
    public const string DataMissing = "data-missing";
    public const string DataUnread = "data-unread";
}
