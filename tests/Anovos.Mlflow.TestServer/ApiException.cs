namespace Anovos.Mlflow.TestServer;

/// <summary>An error that MLflow returns as JSON.</summary>
internal sealed class ApiException(string code, string message) : Exception(message)
{
    public string Code => code;

    public int Status => code switch
    {
        "PERMISSION_DENIED" => 403,
        "RESOURCE_DOES_NOT_EXIST" or "NOT_FOUND" or "ENDPOINT_NOT_FOUND" => 404,
        "MAX_REQUEST_SIZE_EXCEEDED" => 413,
        "INTERNAL_ERROR" or "INVALID_STATE" => 500,
        "NOT_IMPLEMENTED" => 501,
        _ => 400,
    };

    public string ErrorClass => code switch
    {
        "RESOURCE_DOES_NOT_EXIST" => "RESOURCE_NOT_FOUND",
        "BAD_REQUEST" => "INVALID_PARAMETER_VALUE",
        "INTERNAL_ERROR" or "INVALID_STATE" => "CLIENT_INTERNAL_ERROR",
        _ => code,
    };

    public static ApiException Invalid(string message) => new("INVALID_PARAMETER_VALUE", message);

    public static ApiException Missing(string field) => Invalid(
        $"Missing value for required parameter '{field}'. See the API docs for more information about request parameters.");

    /// <summary>Returns the error of a database that rejects a change, in SQLAlchemy's words.</summary>
    public static ApiException Database(string what) => new("BAD_REQUEST", $"(sqlite3.IntegrityError) {what}");

    public static ApiException NotFound(string message) => new("RESOURCE_DOES_NOT_EXIST", message);
}
