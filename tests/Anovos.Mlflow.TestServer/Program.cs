using Anovos.Mlflow.TestServer;

// Runs the test server as a process, for tests that cannot have ASP.NET Core in their own. It prints its URI, and ends when its input ends.
// Its argument is the MLflow version to emulate, such as V3_11.
MlflowVersion version = args.Length > 0 ? Enum.Parse<MlflowVersion>(args[0]) : MlflowVersion.V3_17;
await using TrackingServer server = await TrackingServer.StartAsync(new TrackingServerOptions { Version = version });
Console.WriteLine(server.Uri.AbsoluteUri);
await Console.In.ReadToEndAsync();
