using System.Globalization;

namespace Anovos.Mlflow.Tracking;

/// <summary>What a registry says when something is missing or taken, whatever keeps it.</summary>
internal static class RegistryErrors
{
    public static string NoModel(string name, string trackingUri) =>
        $"There is no registered model '{name}' at {trackingUri}. Get-MlflowRegisteredModel lists those there are.";

    public static string ModelExists(string name, string trackingUri) =>
        $"There is a registered model '{name}' at {trackingUri} already. New-MlflowModelVersion gives it another version.";

    public static string NoVersion(string name, long version, string trackingUri) =>
        $"There is no version {version.ToString(CultureInfo.InvariantCulture)} of a registered model '{name}' at {trackingUri}. "
        + "Get-MlflowModelVersion lists those there are.";

    public static string NoAlias(string name, string alias) =>
        $"The registered model '{name}' has no alias '{alias}'. Get-MlflowRegisteredModel shows those it has; "
        + "Set-MlflowModelAlias makes one.";
}
