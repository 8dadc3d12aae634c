using System.Reflection;
using System.Runtime.InteropServices;
using System.Text.RegularExpressions;
using Xunit;
using Xunit.v3;

[assembly: Anovos.Mlflow.Tests.EmulationLimits]

namespace Anovos.Mlflow.Tests;

/// <summary>
/// Skips the tests that cannot pass because of a limit of Wine or Mono. They are listed in <c>tests/emulation/limits.txt</c>. On Windows
/// and on .NET Framework, they run.
/// </summary>
[AttributeUsage(AttributeTargets.Assembly)]
internal sealed class EmulationLimitsAttribute : BeforeAfterTestAttribute
{
    private const string Prefix = "Anovos.Mlflow.Tests.";

    private static readonly Lazy<IReadOnlyList<(Regex Name, string Reason)>> Here =
        new(() => [.. Read().Where(limit => limit.Emulation == Emulation()).Select(limit => (limit.Name, limit.Reason))]);

    public override void Before(MethodInfo methodUnderTest, IXunitTest test)
    {
        string name = test.TestDisplayName.StartsWith(Prefix, StringComparison.Ordinal)
            ? test.TestDisplayName.Substring(Prefix.Length) : test.TestDisplayName;
        if (Here.Value.FirstOrDefault(limit => limit.Name.IsMatch(name)).Reason is { } reason)
            Assert.Skip(reason);
    }

    /// <summary>Returns the lines of the list.</summary>
    internal static IReadOnlyList<(string Emulation, Regex Name, string Reason)> Read()
    {
        using Stream list = typeof(EmulationLimitsAttribute).Assembly.GetManifestResourceStream("limits.txt")!;
        using var reader = new StreamReader(list);
        return
        [
            .. reader.ReadToEnd().Split('\n').Select(line => line.TrimEnd('\r'))
                .Where(line => line.Length > 0 && line[0] != '#')
                .Select(line => Regex.Split(line, " {2,}"))
                .Select(cells => (cells[0], Pattern(cells[1]), cells[2])),
        ];
    }

    private static Regex Pattern(string name) => new($"^{Regex.Escape(name).Replace("\\*", ".*")}$", RegexOptions.Singleline);

    /// <summary>Returns the emulation that runs this process; null on a real system.</summary>
    private static string? Emulation()
    {
        if (Type.GetType("Mono.Runtime") is not null)
            return "mono";
        return Path.DirectorySeparatorChar == '\\' && GetProcAddress(GetModuleHandle("ntdll.dll"), "wine_get_version") != IntPtr.Zero
            ? "wine" : null;
    }

    [DllImport("kernel32.dll", CharSet = CharSet.Unicode, EntryPoint = "GetModuleHandleW")]
    private static extern IntPtr GetModuleHandle(string name);

    [DllImport("kernel32.dll", CharSet = CharSet.Ansi, BestFitMapping = false, ThrowOnUnmappableChar = true)]
    private static extern IntPtr GetProcAddress(IntPtr module, string name);
}
