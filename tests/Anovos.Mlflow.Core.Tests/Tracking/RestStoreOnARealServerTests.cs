using Anovos.Mlflow.Http;
using Anovos.Mlflow.Stores;
using Anovos.Mlflow.Tracking;

namespace Anovos.Mlflow.Tests.Tracking;

/// <summary>The REST store against a real MLflow server, if <c>ANOVOS_TEST_TRACKING_URI</c> names one.</summary>
public sealed class RestStoreOnARealServerTests : RunSearchContract
{
    protected override ITrackingStore CreateStore()
    {
        string? uri = Environment.GetEnvironmentVariable("ANOVOS_TEST_TRACKING_URI");
        Assert.SkipWhen(string.IsNullOrEmpty(uri), "ANOVOS_TEST_TRACKING_URI names no MLflow server");
        TrackingTarget target = TrackingTarget.Parse(uri!, "/");
        ConnectionOptions options = ConnectionOptions.FromEnvironment(Environment.GetEnvironmentVariable, home: null);
        return TrackingStores.Open(target, target.Complete(options, Environment.GetEnvironmentVariable, home: null));
    }
}
