namespace Anovos.Mlflow.Tracking;

/// <summary>Whether an experiment or a run is in the trash.</summary>
public enum LifecycleStage
{
    /// <summary>In use.</summary>
    Active,

    /// <summary>In the trash: can be restored, and its name stays taken.</summary>
    Deleted,
}
