using System.ComponentModel;
using System.Diagnostics;
using System.Runtime.InteropServices;

namespace Anovos.Mlflow.Processes;

/// <summary>Opens pages in the user's browser.</summary>
public static class Browser
{
    // xdg-open exits as soon as the browser has the address. With a terminal browser, it exits only when the browser does.
    private const int LongestStart = 3000;

    /// <summary>Opens a page without a shell; false if there is no browser to open it.</summary>
    /// <param name="page">An <c>http</c> or <c>https</c> address.</param>
    /// <param name="environment">Returns the value of an environment variable.</param>
    /// <exception cref="MlflowException"><see cref="ErrorKind.InvalidValue"/> for other schemes, which could start any program.</exception>
    public static bool TryOpen(Uri page, Func<string, string?> environment)
    {
        if (!page.IsAbsoluteUri || (page.Scheme != Uri.UriSchemeHttp && page.Scheme != Uri.UriSchemeHttps))
            throw new MlflowException(ErrorKind.InvalidValue, $"'{page}' is not the address of a page: only http and https addresses can be opened.") { Target = page.ToString() };
        try
        {
            if (RuntimeInformation.IsOSPlatform(OSPlatform.Windows))
            {
                using Process? browser = Process.Start(new ProcessStartInfo(page.AbsoluteUri) { UseShellExecute = true });
                return true;
            }

            bool isMac = RuntimeInformation.IsOSPlatform(OSPlatform.OSX);
            return (isMac || HasDisplay(environment)) && Opens(isMac ? "open" : "xdg-open", page);
        }
        catch (Win32Exception)
        {
            // There is no such program, or no program for web pages.
            return false;
        }
    }

    // Without a desktop, xdg-open uses the program in BROWSER.
    private static bool HasDisplay(Func<string, string?> environment) =>
        new[] { "DISPLAY", "WAYLAND_DISPLAY", "BROWSER" }.Any(name => !string.IsNullOrEmpty(environment(name)));

    private static bool Opens(string program, Uri page)
    {
        using Process opener = Process.Start(new ProcessStartInfo(program, CommandLine.Join([page.AbsoluteUri])) { UseShellExecute = false })!;
        return !opener.WaitForExit(LongestStart) || opener.ExitCode == 0;
    }
}
