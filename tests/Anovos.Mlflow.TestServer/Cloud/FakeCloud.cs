using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace Anovos.Mlflow.TestServer;

/// <summary>
/// Runs S3, Azure's blob storage or Google Cloud Storage in this process, with one empty bucket: <c>artifacts</c>. It verifies every
/// signature and checksum, and rejects everything that it does not implement with 501.
/// </summary>
public sealed class FakeCloud : IAsyncDisposable
{
    /// <summary>The maximum number of entries on a page of a listing.</summary>
    internal const int PageLength = 1000;

    private readonly WebApplication _app;
    private readonly X509Certificate2? _certificate;
    private readonly Func<CloudRequest, CloudResponse> _handle;
    private readonly Func<CloudFault, CloudResponse> _fail;

    private FakeCloud(Func<CloudRequest, CloudResponse> handle, Func<CloudFault, CloudResponse> fail, bool useTls = false)
    {
        (_handle, _fail) = (handle, fail);
        _certificate = useTls ? Certificates.Create("s3 of our own") : null;
        _app = KestrelHost.Build(_certificate, null);
        _app.Run(HandleAsync);
    }

    public Uri Uri { get; private set; } = null!;

    /// <summary>The certificate of a fake with TLS, which no authority vouches for.</summary>
    public string CertificatePem => _certificate!.ExportCertificatePem();

    /// <summary>All requests so far, without their bodies.</summary>
    public ConcurrentQueue<RecordedRequest> Requests { get; } = new();

    /// <summary>The faults to inject.</summary>
    public FaultList Faults { get; } = new();

    public static Task<FakeCloud> StartS3Async(
        string accessKeyId, string secretAccessKey, bool useTls = false, string? sessionToken = null) =>
        StartAsync(new FakeCloud(new FakeS3(accessKeyId, secretAccessKey, sessionToken).Handle, CloudResponse.Error, useTls));

    public static Task<FakeCloud> StartAzureAsync(string account, string key) =>
        StartAsync(new FakeCloud(
            new FakeBlobStorage(account, key).Handle, fault => CloudResponse.Error(fault).With("x-ms-error-code", fault.Code)));

    /// <summary>Starts a Google Cloud Storage with its token server, for one service account.</summary>
    /// <param name="account">The account's address; null for an emulator, which does not require credentials.</param>
    /// <param name="key">The account's key.</param>
    public static Task<FakeCloud> StartGcsAsync(string? account, RSA key) => StartAsync(
        new FakeCloud(new FakeGcs(account is null ? null : new GoogleTokens(account, key)).Handle, FakeGcs.Error));

    public async ValueTask DisposeAsync()
    {
        await _app.DisposeAsync();
        _certificate?.Dispose();
    }

    private static async Task<FakeCloud> StartAsync(FakeCloud cloud)
    {
        await cloud._app.StartAsync();
        cloud.Uri = new Uri(cloud._app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single());
        return cloud;
    }

    private async Task HandleAsync(HttpContext context)
    {
        var recorded = new RecordedRequest
        {
            Method = context.Request.Method,
            Path = RequestReader.TargetOf(context.Request),
            Headers = context.Request.Headers.ToDictionary(
                pair => pair.Key, pair => pair.Value.ToString(), StringComparer.OrdinalIgnoreCase),
        };
        Requests.Enqueue(recorded);
        Task Handle() => RespondAsync(context);
        await (Faults.Take(recorded.Method, RequestReader.PathOf(context.Request)) is { } fault ? fault(context, Handle) : Handle());
        recorded.Status = context.Response.StatusCode;
    }

    private async Task RespondAsync(HttpContext context)
    {
        CloudResponse response;
        try
        {
            response = _handle(await CloudRequest.ReadAsync(context));
        }
        catch (CloudFault fault)
        {
            response = _fail(fault);
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            response = _fail(new CloudFault(500, "InternalError", e.ToString()));
        }

        context.Response.StatusCode = response.Status;
        foreach ((string name, string value) in response.Headers)
            context.Response.Headers[name] = value;
        context.Response.Headers["x-amz-request-id"] = context.Response.Headers["x-ms-request-id"] = Guid.NewGuid().ToString();
        if (response.Status == StatusCodes.Status204NoContent)
            return;
        context.Response.ContentLength = response.Body.Length;
        if (!HttpMethods.IsHead(context.Request.Method))
            await context.Response.Body.WriteAsync(response.Body, context.RequestAborted);
    }
}
