namespace Anovos.Mlflow.Tracking;

/// <summary>Which lifecycle stages a search answers with.</summary>
public enum ViewType
{
    /// <summary>What is not in the trash.</summary>
    ActiveOnly,

    /// <summary>What is in the trash.</summary>
    DeletedOnly,

    /// <summary>Both.</summary>
    All,
}
