namespace Anovos.Mlflow.TestServer;
internal static class Placeholder;
