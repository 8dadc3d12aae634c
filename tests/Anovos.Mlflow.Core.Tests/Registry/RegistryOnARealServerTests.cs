using Anovos.Mlflow.Http;
using Anovos.Mlflow.Tracking;

namespace Anovos.Mlflow.Tests.Registry;

/// <summary>The registry of a real MLflow server, where <c>ANOVOS_TEST_TRACKING_URI</c> names one.</summary>
public sealed class RegistryOnARealServerTests : RegistryContract
{
    protected override ITrackingStore CreateStore()
    {
        string? uri = Environment.GetEnvironmentVariable("ANOVOS_TEST_TRACKING_URI");
        Assert.SkipWhen(string.IsNullOrEmpty(uri), "ANOVOS_TEST_TRACKING_URI names no MLflow server");
        return new RestStore(new Uri(uri!), new ConnectionOptions());
    }
}
