using Anovos.Mlflow.Http;
using Anovos.Mlflow.Tests.Registry;
using Anovos.Mlflow.Tracking;

namespace Anovos.Mlflow.Tests.Tracking;

/// <summary>The test server as a process of its own, for .NET Framework and Mono, which ASP.NET Core does not run on.</summary>
internal static class SeparateServer
{
    /// <summary>The variable that names it.</summary>
    public const string Variable = "ANOVOS_TEST_SERVER_URI";

    public static ITrackingStore Open()
    {
        string? uri = Environment.GetEnvironmentVariable(Variable);
        Assert.SkipWhen(string.IsNullOrEmpty(uri), $"{Variable} names no test server");
        return new RestStore(new Uri(uri!), new ConnectionOptions());
    }
}

/// <summary>The REST store against it, and nobody else at the same time.</summary>
[Collection(nameof(SeparateServer))]
public sealed class RestStoreOnASeparateServerTests : TrackingStoreContract
{
    protected override ITrackingStore CreateStore() => SeparateServer.Open();
}

/// <summary>The registry of it.</summary>
[Collection(nameof(SeparateServer))]
public sealed class RegistryOnASeparateServerTests : RegistryContract
{
    protected override ITrackingStore CreateStore() => SeparateServer.Open();
}
