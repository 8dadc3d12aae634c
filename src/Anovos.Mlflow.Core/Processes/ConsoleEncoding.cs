#if NET
using System.Runtime.InteropServices;
#else
using System.Globalization;
#endif
using System.Text;

namespace Anovos.Mlflow.Processes;

/// <summary>The encoding in which console programs of Windows write, <c>cmd</c> among them: the OEM code page of the system.</summary>
internal static class ConsoleEncoding
{
    private const int Utf8 = 65001;

    /// <summary>That of this system; null where programs write UTF-8.</summary>
    public static Encoding? OfSystem()
    {
        if (!WindowsName.IsWindows)
            return null;
#if NET
        return Of(GetOEMCP());
#else
        return Of(CultureInfo.InstalledUICulture.TextInfo.OEMCodePage);
#endif
    }

    /// <summary>That of a code page; null for UTF-8, and for one that .NET does not know.</summary>
    public static Encoding? Of(int codePage)
    {
        if (codePage == Utf8)
            return null;
#if NET
        return CodePagesEncodingProvider.Instance.GetEncoding(codePage);
#else
        try
        {
            return Encoding.GetEncoding(codePage);
        }
        catch (Exception e) when (e is ArgumentException or NotSupportedException)
        {
            return null;
        }
#endif
    }

#if NET
    [DllImport("kernel32", ExactSpelling = true)]
    private static extern int GetOEMCP();
#endif
}
