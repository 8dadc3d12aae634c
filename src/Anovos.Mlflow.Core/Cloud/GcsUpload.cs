using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Anovos.Mlflow.Artifacts;

namespace Anovos.Mlflow.Cloud;

/// <summary>
/// Uploads an object to Google Cloud Storage. A large object is sent part by part in a resumable upload. A file that only its user can
/// read keeps the session address and the hashes of the parts, so that the next attempt can resume.
/// </summary>
internal sealed class GcsUpload(GcsClient client, string bucket, string key, CloudRequests requests) : IMultipartUpload, IDisposable
{
    /// <summary>The content type of every artifact.</summary>
    public const string ContentType = "application/octet-stream";

    private const int ResumeIncomplete = 308;

    // The status after a session was cancelled.
    private const int SessionCancelled = 499;

    // It protects no secret.
#pragma warning disable CA5351
    private readonly IncrementalHash _md5 = IncrementalHash.CreateHash(HashAlgorithmName.MD5);
#pragma warning restore CA5351
    private PartPlan _plan = new(0, PartPlan.DefaultPartLength);
    private UnfinishedUpload? _state;
    private long _stored;
    private StoredObject? _object;

    // Five tebibytes, the maximum size of an object.
    public int MaxParts => 5 * ((1 << 30) / PartPlan.DefaultPartLength) * 1024;

    public bool IsSequential => true;

    private string Uploads => $"{client.Endpoint}upload/storage/v1/b/{Uri.EscapeDataString(bucket)}/o?uploadType=";

    public Task PutAsync(Part whole, CancellationToken cancellationToken)
    {
        string md5 = Convert.ToBase64String(whole.Md5());
        return requests.RunAsync(
            async (moved, time) =>
            {
                using var body = new MultipartContent("related");
                body.Add(Metadata(md5));
                body.Add(new StreamContent(whole.Open(moved)) { Headers = { ContentType = new MediaTypeHeaderValue(ContentType) } });
                using var request = new HttpRequestMessage(HttpMethod.Post, Uploads + "multipart") { Content = body };
                using HttpResponseMessage response = await client.SendAsync(request, time).ConfigureAwait(false);
                return true;
            },
            cancellationToken);
    }

    public async Task CreateAsync(PartPlan plan, CancellationToken cancellationToken)
    {
        _plan = plan;
        _state = UnfinishedUpload.Open(requests.Options.Multipart.RecordsFolder, RecordName(), key);
        if (_state.Created is { UploadId: not null } begun && begun.Length == plan.Length && begun.PartBytes == plan.PartLength)
        {
            requests.Options.Redactor.Add(begun.UploadId);
            try
            {
                await requests.RunAsync((_, time) => AskAsync(time), cancellationToken).ConfigureAwait(false);
                if (_object is null)
                    return;
            }
            catch (UploadLostException)
            {
                // The session has ended, or is older than a week.
            }
        }

        (_object, _stored) = (null, 0);
        string session = await requests.RunAsync((_, time) => BeginAsync(time), cancellationToken).ConfigureAwait(false);
        requests.Options.Redactor.Add(session);
        _state.Create(new CreatedUpload(key, plan.Length, Written: 0, plan.PartLength, session));
    }

    public bool Has(Part part)
    {
        long start = _plan.OffsetOf(part.Index), end = start + part.Length;
        _md5.AppendData(part.Buffer, 0, part.Length);
        string md5 = Hex.Of(part.Md5());
        if (_stored > start && !(_state!.Parts.TryGetValue(part.Index, out UploadedPart? known) && known.Sha256 == md5))
            throw Lost("its parts have different content");
        if (_stored <= start)
            _state!.Add(new UploadedPart(part.Index, "", md5));
        return _stored >= end;
    }

    public Task UploadPartAsync(Part part, CancellationToken cancellationToken)
    {
        long start = _plan.OffsetOf(part.Index), end = start + part.Length;
        bool isFirst = true;
        return requests.RunAsync(
            async (moved, time) =>
            {
                if (!isFirst)
                    await AskAsync(time).ConfigureAwait(false);
                isFirst = false;
                while (_object is null && _stored < end)
                {
                    if (_stored < start)
                        throw Lost("the service lost bytes that it had stored");
                    long before = _stored;
                    using Stream body = part.Open(moved);
                    body.Position = _stored - start;
                    string range = $"bytes {_stored}-{end - 1}/{_plan.Length}";
                    await PutAsync(new StreamContent(body), range, time).ConfigureAwait(false);
                    if (_object is null && _stored <= before)
                        throw Failed(ErrorKind.ServerError, $"gs://{bucket} stored none of the bytes that were sent.", isTransient: true);
                }

                return true;
            },
            cancellationToken);
    }

    public async Task CompleteAsync(PartPlan plan, CancellationToken cancellationToken)
    {
        if (_object is null)
            await requests.RunAsync((_, time) => AskAsync(time), cancellationToken).ConfigureAwait(false);
        StoredObject stored = _object ?? throw Lost("the service did not complete it");
        _state!.Forget();
        string md5 = Convert.ToBase64String(_md5.GetHashAndReset());
        if (stored.Length == plan.Length && (stored.Md5 is null || stored.Md5 == md5))
            return;
        await RemoveAsync(stored, cancellationToken).ConfigureAwait(false);
        throw Failed(
            ErrorKind.ArtifactSendFailed,
            $"The data was damaged on the way to gs://{bucket}/{key}, so the object was removed. Send it again.");
    }

    public async Task AbortAsync(CancellationToken cancellationToken)
    {
        string? session = _state?.Created?.UploadId;
        _state?.Forget();
        if (session is null)
            return;
        try
        {
            using var request = new HttpRequestMessage(HttpMethod.Delete, session);
            (await client.SendAsync(request, cancellationToken, SessionCancelled, 404, 410).ConfigureAwait(false)).Dispose();
        }
        catch (Exception e) when (e is MlflowException or HttpRequestException or Google.GoogleApiException or OperationCanceledException)
        {
            // The error that led here is the one to report, and the session ends by itself after a week.
        }
    }

    public void Dispose()
    {
        _state?.Dispose();
        _md5.Dispose();
    }

    private async Task<string> BeginAsync(CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, Uploads + "resumable") { Content = Metadata(md5: null) };
        request.Headers.Add("X-Upload-Content-Type", ContentType);
        request.Headers.Add("X-Upload-Content-Length", _plan.Length.ToString(CultureInfo.InvariantCulture));
        using HttpResponseMessage response = await client.SendAsync(request, cancellationToken).ConfigureAwait(false);
        return response.Headers.Location?.AbsoluteUri
            ?? throw Failed(ErrorKind.ServerError, $"gs://{bucket} started an upload but returned no address for it.");
    }

    // Requests the number of stored bytes of the upload.
    private async Task<bool> AskAsync(CancellationToken cancellationToken)
    {
        await PutAsync(new ByteArrayContent([]), $"bytes */{_plan.Length}", cancellationToken).ConfigureAwait(false);
        return true;
    }

    private async Task PutAsync(HttpContent content, string range, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(HttpMethod.Put, _state!.Created!.UploadId) { Content = content };
        content.Headers.TryAddWithoutValidation("Content-Range", range);
        using HttpResponseMessage response =
            await client.SendAsync(request, cancellationToken, ResumeIncomplete, 404, 410).ConfigureAwait(false);
        if ((int)response.StatusCode == ResumeIncomplete)
            _stored = StoredBytes(response);
        else if (response.StatusCode is HttpStatusCode.NotFound or HttpStatusCode.Gone)
            throw Lost("the service no longer knows it");
        else
            (_object, _stored) = (await StoredObject.ReadAsync(response).ConfigureAwait(false), _plan.Length);
    }

    private Task RemoveAsync(StoredObject stored, CancellationToken cancellationToken) => requests.RunAsync(
        async (_, time) =>
        {
            string address = $"{client.AddressOf(bucket, key)}?ifGenerationMatch={stored.Generation}";
            using var request = new HttpRequestMessage(HttpMethod.Delete, address);
            (await client.SendAsync(request, time, 404, 412).ConfigureAwait(false)).Dispose();
            return true;
        },
        cancellationToken);

    private MlflowException Failed(ErrorKind kind, string message, bool isTransient = false) =>
        new(kind, message) { Target = $"gs://{bucket}", IsTransient = isTransient };

    private UploadLostException Lost(string why)
    {
        _state!.Forget();
        return new UploadLostException($"The upload of gs://{bucket}/{key} cannot continue: {why}.");
    }

    // The names of the bucket and the endpoint may be too long for a file name.
    private string RecordName()
    {
        using var sha256 = SHA256.Create();
        return "gs" + Hex.Of(sha256.ComputeHash(Encoding.UTF8.GetBytes($"{client.Endpoint} {bucket}"))).Substring(0, 30);
    }

    private StringContent Metadata(string? md5)
    {
        var fields = new Dictionary<string, string> { ["name"] = key, ["contentType"] = ContentType };
        if (md5 is not null)
            fields["md5Hash"] = md5;
        return new StringContent(JsonSerializer.Serialize(fields), Encoding.UTF8, "application/json");
    }

    // "bytes=0-524287"; without the header, no bytes are stored.
    private static long StoredBytes(HttpResponseMessage response) =>
        response.Headers.TryGetValues("Range", out IEnumerable<string>? values)
        && long.TryParse(values.First().Split('-').Last(), NumberStyles.None, CultureInfo.InvariantCulture, out long last)
            ? last + 1
            : 0;

    private sealed record StoredObject(long Length, string? Md5, string Generation)
    {
        public static async Task<StoredObject> ReadAsync(HttpResponseMessage response)
        {
            using var json = JsonDocument.Parse(await response.Content.ReadAsStringAsync().ConfigureAwait(false));
            string? Text(string name) => json.RootElement.TryGetProperty(name, out JsonElement value) ? value.GetString() : null;
            long length = long.Parse(Text("size") ?? "0", CultureInfo.InvariantCulture);
            return new StoredObject(length, Text("md5Hash"), Text("generation") ?? "0");
        }
    }
}
