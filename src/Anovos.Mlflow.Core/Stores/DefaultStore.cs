using System.Globalization;

namespace Anovos.Mlflow.Stores;

/// <summary>Chooses the store if none is named, as MLflow 3.7 and later do.</summary>
public static class DefaultStore
{
    private const string Folder = "./mlruns";
    private const string DatabaseFile = "mlflow.db";
    private const string Database = $"sqlite:///{DatabaseFile}";

    /// <summary>
    /// The folder <c>mlruns</c> if it contains experiments, with a warning: newer MLflow chooses it as well, but then does not open it.
    /// Otherwise the database <c>mlflow.db</c>, whether it exists or not.
    /// </summary>
    /// <param name="directory">The current folder.</param>
    public static TrackingTarget In(string directory) => HoldsExperiments(Path.Combine(directory, Folder))
        ? TrackingTarget.Parse(Folder, directory) with { Warning = WarningOf(directory) }
        : TrackingTarget.Parse(Database, directory);

    // MLflow does not require a file: a folder with a number as its name is an experiment if it contains anything called meta.yaml.
    private static bool HoldsExperiments(string folder)
    {
        try
        {
            return new DirectoryInfo(folder) is { Exists: true } root
                && root.EnumerateDirectories().Any(experiment => IsNumber(experiment.Name) && HasMeta(experiment.FullName));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    // Like Python's isdigit.
    private static bool IsNumber(string name) => name.All(digit => CharUnicodeInfo.GetDigitValue(digit) >= 0);

    private static bool HasMeta(string experiment)
    {
        string meta = Path.Combine(experiment, "meta.yaml");
        return File.Exists(meta) || Directory.Exists(meta);
    }

    // The copy does not change the folder, and the artifacts stay in it.
    private static string WarningOf(string directory)
    {
        const string Closed = $"The runs are in {Folder}, which MLflow 3.13 and later does not open.";
        const string Convert = $"Copy-MlflowExperiment * -TrackingUri {Folder} -Destination sqlite:///";
        return File.Exists(Path.Combine(directory, DatabaseFile))
            ? $"{Closed} It takes precedence over ./{DatabaseFile}, as in MLflow. To use the database, select it with "
                + $"-TrackingUri {Database} or MLFLOW_TRACKING_URI. '{Convert}another.db -KeepId -Model' copies the folder into a database."
            : $"{Closed} '{Convert}{DatabaseFile} -KeepId -Model' copies them into a database. Then set "
                + $"MLFLOW_TRACKING_URI={Database}, and keep the folder, because the artifacts stay in it.";
    }
}
