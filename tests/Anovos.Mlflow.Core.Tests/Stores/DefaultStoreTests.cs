using Anovos.Mlflow.Stores;
using Anovos.Mlflow.Tests.Tracking;

namespace Anovos.Mlflow.Tests.Stores;

public sealed class DefaultStoreTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private string Folder => _folder.FullPath;

    public void Dispose() => _folder.Dispose();

    // What MLflow 3.11 decided in folders like these (mlflow.tracking._tracking_service.utils._get_default_tracking_uri).
    [Theory]
    [InlineData("mlruns/0/meta.yaml")]
    [InlineData("mlruns/491613743423242263/meta.yaml")]
    [InlineData("mlruns/0/meta.yaml", "mlflow.db")]
    [InlineData("mlruns/0/meta.yaml/")]
    [InlineData("mlruns/1/0123/artifacts/model", "mlruns/models/m-1/meta.yaml", "mlruns/2/meta.yaml")]
    [InlineData("mlruns/\u0663/meta.yaml")]
    [InlineData("mlruns/\u00b2/meta.yaml")]
    public void A_folder_mlruns_that_holds_an_experiment_is_the_default(params string[] entries)
    {
        Create(entries);
        TrackingTarget target = DefaultStore.In(Folder);
        Assert.Equal((Path.Combine(Folder, "mlruns"), null), (target.Directory, target.Database));
        Assert.StartsWith("file:///", target.Uri);
    }

    [Theory]
    [InlineData]
    [InlineData("mlflow.db")]
    [InlineData("mlruns/")]
    [InlineData("mlruns/0/")]
    [InlineData("mlruns")]
    [InlineData("mlruns/meta.yaml")]
    [InlineData("mlruns/1/0123/artifacts/meta.yaml")]
    [InlineData("mlruns/.trash/5/meta.yaml")]
    [InlineData("mlruns/models/meta.yaml")]
    [InlineData("mlruns/-1/meta.yaml")]
    [InlineData("mlruns/1 /meta.yaml")]
    [InlineData("mlruns/0/meta.yml")]
    public void Else_the_database_mlflow_db_is_the_default(params string[] entries)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows() && entries.Contains("mlruns/1 /meta.yaml"), "a name cannot end in a blank there");
        Create(entries);
        TrackingTarget target = DefaultStore.In(Folder);
        Assert.Equal((Path.Combine(Folder, "mlflow.db"), null, null), (target.Database, target.Directory, target.Warning));
        Assert.Equal(TrackingTarget.Parse("sqlite:///mlflow.db", Folder), target);
    }

    [Fact]
    public void Links_lead_to_experiments()
    {
        Create("elsewhere/7/meta.yaml");
        Directory.CreateSymbolicLink(Path.Combine(Folder, "mlruns"), Path.Combine(Folder, "elsewhere"));
        Assert.NotNull(DefaultStore.In(Folder).Directory);
    }

    [Fact]
    public void A_link_to_nothing_is_an_entry_as_well()
    {
        Create("mlruns/7/");
        File.CreateSymbolicLink(Path.Combine(Folder, "mlruns", "7", "meta.yaml"), Path.Combine(Folder, "nowhere"));
        Assert.NotNull(DefaultStore.In(Folder).Directory);
    }

    [Fact]
    public void The_folder_comes_with_a_warning_that_says_how_to_convert_it()
    {
        Create("mlruns/0/meta.yaml");
        string warning = DefaultStore.In(Folder).Warning!;
        Assert.Contains("./mlruns, which MLflow 3.13 and later does not open", warning);
        Assert.Contains("Copy-MlflowExperiment * -TrackingUri ./mlruns -Destination sqlite:///mlflow.db -KeepId -Model", warning);
        Assert.Contains("MLFLOW_TRACKING_URI=sqlite:///mlflow.db", warning);
        Assert.Null(TrackingTarget.Parse("mlruns", Folder).Warning);
    }

    [Fact]
    public void With_a_database_beside_it_the_warning_does_not_have_it_overwritten()
    {
        Create("mlruns/0/meta.yaml", "mlflow.db");
        string warning = DefaultStore.In(Folder).Warning!;
        Assert.Contains("takes precedence over ./mlflow.db", warning);
        Assert.Contains("-TrackingUri sqlite:///mlflow.db", warning);
        Assert.DoesNotContain("-Destination sqlite:///mlflow.db", warning);
    }

    // A name that ends in a slash is a folder.
    private void Create(params string[] entries)
    {
        foreach (string entry in entries)
        {
            string path = Path.Combine(Folder, entry);
            Directory.CreateDirectory(entry.EndsWith('/') ? path : Path.GetDirectoryName(path)!);
            if (!entry.EndsWith('/'))
                File.WriteAllText(path, "");
        }
    }
}
