namespace Anovos.Mlflow.TestServer;

/// <summary>How the fake of Unity Catalog gives access to the files of models.</summary>
public enum ModelStorageKind
{
    /// <summary>Through the Files API, <c>/Models/…</c>.</summary>
    FilesApi,

    /// <summary>Through presigned URLs of the default storage.</summary>
    DefaultStorage,

    /// <summary>In a bucket, with temporary credentials.</summary>
    Bucket,
}

/// <summary>The options of a workspace's Unity Catalog.</summary>
public sealed record UnityCatalogOptions
{
    /// <summary>The catalog that the workspace uses by default.</summary>
    public string DefaultCatalog { get; init; } = "main";

    /// <summary>The schemas, each with its catalog.</summary>
    public IReadOnlyList<string> Schemas { get; init; } = ["main.default", "main.ml", "prod.ml"];

    /// <summary>The privileges that the user lacks, such as <c>USE SCHEMA on Schema 'main.ml'</c>.</summary>
    public IList<string> Missing { get; init; } = [];

    /// <summary>How the files of models are accessed.</summary>
    public ModelStorageKind Storage { get; init; }

    /// <summary>The location of the files in a bucket: the URI of a folder.</summary>
    public string StorageRoot { get; init; } = "s3://artifacts/models";

    /// <summary>Returns the temporary credentials for a bucket, in the API's form. Called with whether they must allow writing.</summary>
    public Func<bool, object>? Credentials { get; init; }
}
