using Anovos.Mlflow.Databricks;
using Anovos.Mlflow.Http;
using Anovos.Mlflow.Stores;
using Anovos.Mlflow.Tracking;

namespace Anovos.Mlflow.Tests.Stores;

public sealed class FallbackLimitsTests
{
    [Fact]
    public void A_run_that_may_go_on_in_a_folder_keeps_to_the_limits_of_server_and_folder()
    {
        var host = new Uri("https://adb-1.azuredatabricks.net");
        using var workspace = new WorkspaceStore(host, new ConnectionOptions(), onRetry: null, "databricks");
        using var folder = new DirectoryStore(Path.GetFullPath("mlruns"), new StoreLimits { Key = 100 });
        using var store = new FallbackStore(workspace, folder, _ => { });

        Assert.Equal((100, 5000, 6000), (store.Limits.Key, store.Limits.TagValue, store.Limits.ParamValue));
    }
}
