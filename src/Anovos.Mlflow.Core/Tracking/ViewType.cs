namespace Anovos.Mlflow.Tracking;

/// <summary>The lifecycle stages to search.</summary>
public enum ViewType
{
    /// <summary>Items that are not in the trash.</summary>
    ActiveOnly,

    /// <summary>Items in the trash.</summary>
    DeletedOnly,

    /// <summary>Both.</summary>
    All,
}
