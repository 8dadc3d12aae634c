namespace Anovos.Mlflow.Tracking;

/// <summary>Reads the logged models that MLflow 3 keeps in addition to runs. Safe for several threads.</summary>
public interface ILoggedModelStore
{
    /// <summary>Returns the model with that id.</summary>
    /// <exception cref="MlflowException"><see cref="ErrorKind.ModelNotFound"/>; <see cref="ErrorKind.NotSupported"/> from a server before MLflow 3.</exception>
    Task<LoggedModel> GetAsync(string modelId, CancellationToken cancellationToken);

    /// <summary>Returns one page of models, the newest first.</summary>
    /// <param name="experimentIds">The experiments to search.</param>
    /// <param name="filter">A filter in MLflow's search syntax, such as <c>metrics.rmse &lt; 1</c>; null for all.</param>
    /// <param name="maxResults">The size of a page, 1 to 100.</param>
    /// <param name="pageToken">The token of the page; null for the first.</param>
    /// <param name="cancellationToken">Cancels the request.</param>
    /// <exception cref="MlflowException"><see cref="ErrorKind.NotSupported"/> from a server before MLflow 3.</exception>
    Task<Page<LoggedModel>> SearchAsync(IReadOnlyList<string> experimentIds, string? filter, int maxResults, string? pageToken, CancellationToken cancellationToken);
}
