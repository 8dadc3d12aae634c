namespace Anovos.Mlflow.TestServer;

/// <summary>How a stand-in of Unity Catalog gives access to the files of models.</summary>
public enum ModelStorageKind
{
    /// <summary>Through the Files API, <c>/Models/…</c>.</summary>
    FilesApi,

    /// <summary>Through presigned URLs of the default storage.</summary>
    DefaultStorage,

    /// <summary>In a bucket, with temporary credentials.</summary>
    Bucket,
}

/// <summary>Unity Catalog, as a workspace serves it.</summary>
public sealed record UnityCatalogOptions
{
    /// <summary>The catalog that the workspace uses by default.</summary>
    public string DefaultCatalog { get; init; } = "main";

    /// <summary>The schemas, each with its catalog.</summary>
    public IReadOnlyList<string> Schemas { get; init; } = ["main.default", "main.ml", "prod.ml"];

    /// <summary>The privileges that the user does not have, as <c>USE SCHEMA on Schema 'main.ml'</c>.</summary>
    public IList<string> Missing { get; init; } = [];

    /// <summary>How the files of models are reached.</summary>
    public ModelStorageKind Storage { get; init; }

    /// <summary>Where the files are kept in a bucket: the URI of a folder.</summary>
    public string StorageRoot { get; init; } = "s3://artifacts/models";

    /// <summary>The temporary credentials for a bucket, in the API's form; called with whether they are to write.</summary>
    public Func<bool, object>? Credentials { get; init; }
}
