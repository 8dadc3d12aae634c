using Anovos.Mlflow.Stores;
using Anovos.Mlflow.Tracking;

namespace Anovos.Mlflow.Tests.Stores;

public class TrackingTargetTests
{
    [Theory]
    [InlineData("mlruns", "/base/mlruns")]
    [InlineData("./a/../mlruns", "/base/mlruns")]
    [InlineData("/srv/mlruns", "/srv/mlruns")]
    [InlineData("file:mlruns", "/base/mlruns")]
    [InlineData("file:///srv/my%20runs", "/srv/my runs")]
    [InlineData("file://localhost/srv/mlruns", "/srv/mlruns")]
    public void A_path_or_a_file_URI_is_a_folder(string uri, string folder)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "the expected paths are those of Unix");
        TrackingTarget target = TrackingTarget.Parse(uri, "/base");
        Assert.Equal(folder, target.Directory);
        Assert.Equal(folder, TrackingTarget.Parse(target.Uri, "/elsewhere").Directory);
    }

    [Theory]
    [InlineData("http://mlflow:5000", "http://mlflow:5000")]
    [InlineData(" https://corp/tools/mlflow/ ", "https://corp/tools/mlflow")]
    [InlineData("http://ada:hush@mlflow:5000/x?y#z", "http://mlflow:5000/x")]
    public void An_http_URI_is_a_server_and_shows_no_password(string uri, string expected)
    {
        TrackingTarget target = TrackingTarget.Parse(uri, "/base");
        Assert.Equal(expected, target.Uri);
        Assert.DoesNotContain("hush", target.ToString());
        Assert.DoesNotContain("hush", target.Server!.ToString());
    }

    [Theory]
    [InlineData("sqlite:///mlflow.db", "mlflow server --backend-store-uri")]
    [InlineData("postgresql+psycopg2://ada:hush@db/mlflow", "mlflow server --backend-store-uri")]
    [InlineData("databricks-uc", "model registry")]
    [InlineData("databricks://scope:key", "secret scope")]
    [InlineData("ftp://host/x", "http://host:port")]
    [InlineData("http://", "names no host")]
    [InlineData("", "empty")]
    [InlineData("file://server/share", "this machine")]
    public void What_cannot_be_tracked_to_says_what_can(string uri, string advice)
    {
        MlflowException e = Assert.Throws<MlflowException>(() => TrackingTarget.Parse(uri, "/base"));
        Assert.Equal(ErrorKind.UriUnsupported, e.Kind);
        Assert.Contains(advice, e.Message);
        Assert.DoesNotContain("hush", e.Message);
    }
}
