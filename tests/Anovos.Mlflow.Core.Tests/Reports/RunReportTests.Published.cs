using System.Diagnostics;
using Anovos.Mlflow.Reports;

namespace Anovos.Mlflow.Tests.Reports;

/// <summary>The chart library beside the published one, which comes as a tar archive: .NET Framework has no reader for it.</summary>
public sealed partial class RunReportTests
{
    /// <summary>The chart library is what its authors published.</summary>
    [Fact]
    public void The_library_is_the_one_that_npm_has()
    {
        string folder = Path.Combine(_fixture.Folder, "npm");
        Directory.CreateDirectory(folder);
        try
        {
            using Process npm = Process.Start(new ProcessStartInfo("npm", ["pack", "uplot@1.6.32", "--silent"]) { WorkingDirectory = folder, RedirectStandardOutput = true, RedirectStandardError = true })!;
            Assert.SkipUnless(npm.WaitForExit(TimeSpan.FromMinutes(2)) && npm.ExitCode == 0, "npm cannot fetch uplot");
        }
        catch (System.ComponentModel.Win32Exception)
        {
            Assert.Skip("there is no npm");
        }

        using var archive = new System.IO.Compression.GZipStream(File.OpenRead(Directory.GetFiles(folder, "*.tgz").Single()), System.IO.Compression.CompressionMode.Decompress);
        System.Formats.Tar.TarFile.ExtractToDirectory(archive, folder, overwriteFiles: true);
        foreach ((string published, string ours) in new[] { ("dist/uPlot.iife.min.js", "uPlot.iife.min.js"), ("dist/uPlot.min.css", "uPlot.min.css"), ("LICENSE", "LICENSE") })
        {
            using Stream resource = typeof(RunReport).Assembly.GetManifestResourceStream($"Anovos.Mlflow.Reports.Page.uplot.{ours}")!;
            using var content = new MemoryStream();
            resource.CopyTo(content);
            Assert.Equal(File.ReadAllBytes(Path.Combine(folder, "package", published)), content.ToArray());
        }
    }
}
