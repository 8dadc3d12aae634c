using Anovos.Mlflow.TestServer;

// The test server as a process, for tests that cannot have ASP.NET Core in their own. It prints its URI, and ends with its input.
// Argument: the version of MLflow to answer like, as V3_11.
MlflowVersion version = args.Length > 0 ? Enum.Parse<MlflowVersion>(args[0]) : MlflowVersion.V3_17;
await using TrackingServer server = await TrackingServer.StartAsync(new TrackingServerOptions { Version = version });
Console.WriteLine(server.Uri.AbsoluteUri);
await Console.In.ReadToEndAsync();
