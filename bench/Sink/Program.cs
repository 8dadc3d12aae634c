// A tracking server that accepts everything and stores nothing, so that only the client is measured. Prints its address,
// and ends with its standard input. Its argument is the delay of each response in milliseconds, as if it were far away.
using System.Globalization;
using System.IO.Pipelines;
using System.Net;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;

int distance = args.Length > 0 ? int.Parse(args[0], CultureInfo.InvariantCulture) : 0;

const string Run = """{"run":{"info":{"run_id":"0123456789abcdef0123456789abcdef","run_uuid":"0123456789abcdef0123456789abcdef","run_name":"sink","experiment_id":"1","user_id":"bench","status":"RUNNING","start_time":"1","artifact_uri":"mlflow-artifacts:/1/0123456789abcdef0123456789abcdef/artifacts","lifecycle_stage":"active"},"data":{}},"run_info":{}}""";
const string Experiment = """{"experiment":{"experiment_id":"1","name":"bench","artifact_location":"mlflow-artifacts:/1","lifecycle_stage":"active"}}""";

var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel =>
{
    kestrel.Limits.MaxRequestBodySize = null;
    kestrel.Limits.MinRequestBodyDataRate = null;
    kestrel.Listen(IPAddress.Loopback, 0, listen => listen.Protocols = HttpProtocols.Http1);
});
await using WebApplication app = builder.Build();
app.Run(AnswerAsync);
await app.StartAsync();
Console.WriteLine(app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single());
await Console.In.ReadToEndAsync();

async Task AnswerAsync(HttpContext context)
{
    PipeReader body = context.Request.BodyReader;
    for (ReadResult read = default; !read.IsCompleted;)
    {
        read = await body.ReadAsync();
        body.AdvanceTo(read.Buffer.End);
    }

    if (distance > 0)
        await Task.Delay(distance);
    string path = context.Request.Path.Value!;
    string text = path switch
    {
        "/version" => "a null sink",
        _ when path.Contains("/mlflow/runs/", StringComparison.Ordinal) => Run,
        _ when path.Contains("/mlflow/experiments/", StringComparison.Ordinal) => Experiment,
        _ => "{}",
    };
    context.Response.ContentType = "application/json";
    context.Response.ContentLength = text.Length;
    await context.Response.Body.WriteAsync(Encoding.ASCII.GetBytes(text));
}
