using System.Diagnostics;
#if !NET
using Anovos.Mlflow.Processes;
#endif

namespace Anovos.Mlflow.Tests;

/// <summary>What starts a program with a list of arguments, which .NET Framework has no constructor for.</summary>
internal static class ProcessStart
{
    public static ProcessStartInfo Of(string program, params string[] arguments) =>
#if NET
        new(program, arguments) { UseShellExecute = false };
#else
        new(program, CommandLine.Join(arguments)) { UseShellExecute = false };
#endif
}
