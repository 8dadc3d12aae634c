using System.Globalization;

namespace Anovos.Mlflow.Tracking;

/// <summary>Creates the messages for missing or existing items of a registry, the same for every kind of registry.</summary>
internal static class RegistryErrors
{
    public static string NoModel(string name, string trackingUri) =>
        $"There is no registered model '{name}' at {trackingUri}. Get-MlflowRegisteredModel lists them.";

    public static string ModelExists(string name, string trackingUri) =>
        $"The registered model '{name}' already exists at {trackingUri}. New-MlflowModelVersion adds a version to it.";

    public static string NoVersion(string name, long version, string trackingUri) =>
        $"There is no version {version.ToString(CultureInfo.InvariantCulture)} of a registered model '{name}' at {trackingUri}. "
        + "Get-MlflowModelVersion lists them.";

    public static string FolderHasNone(string trackingUri) =>
        $"{trackingUri} is a folder, and a folder has no model registry. Name a database, such as sqlite:///mlflow.db, or a server "
        + "with -TrackingUri, Connect-Mlflow or MLFLOW_TRACKING_URI. "
        + "Sync-MlflowRun sends the runs of a folder there, with their models.";

    public static string NoAlias(string name, string alias) =>
        $"The registered model '{name}' has no alias '{alias}'. Get-MlflowRegisteredModel lists its aliases; "
        + "Set-MlflowModelAlias creates one.";
}
