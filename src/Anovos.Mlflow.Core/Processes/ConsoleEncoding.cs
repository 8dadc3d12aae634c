#if NET
using System.Runtime.InteropServices;
#else
using System.Globalization;
#endif
using System.Text;

namespace Anovos.Mlflow.Processes;

/// <summary>The output encoding of Windows console programs such as <c>cmd</c>: the OEM code page of the system.</summary>
internal static class ConsoleEncoding
{
    private const int Utf8 = 65001;

    /// <summary>Returns the encoding of this system; null if programs write UTF-8.</summary>
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

    /// <summary>Returns the encoding of a code page; null for UTF-8, and for code pages unknown to .NET.</summary>
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
