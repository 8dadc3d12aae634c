using Anovos.Mlflow.Stores;
using Anovos.Mlflow.Tracking;

namespace Anovos.Mlflow.Tests.Stores;

public sealed class FallbackLimitsTests
{
    [Fact]
    public void A_run_that_may_go_on_in_a_folder_keeps_to_the_limits_of_server_and_folder()
    {
        using var server = new DirectoryStore(Path.GetFullPath("server"), new StoreLimits { TagValue = 5000 });
        using var folder = new DirectoryStore(Path.GetFullPath("mlruns"), new StoreLimits { Key = 100 });
        using var store = new FallbackStore(server, folder, _ => { });

        Assert.Equal((100, 5000, 6000), (store.Limits.Key, store.Limits.TagValue, store.Limits.ParamValue));
    }
}
