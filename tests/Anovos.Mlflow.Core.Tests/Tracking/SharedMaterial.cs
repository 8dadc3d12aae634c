namespace Anovos.Mlflow.Tests.Tracking;

/// <summary>The material beside the repository (<c>../shared</c>), which a public clone does not have.</summary>
internal static class SharedMaterial
{
    /// <summary>A copy of a shared folder; skips the test where there is none.</summary>
    public static string Copy(TemporaryFolder target, params string[] names)
    {
        string? source = Repository() is { } root ? Path.Combine([root, "..", "shared", .. names]) : null;
        if (source is null || !Directory.Exists(source))
            Assert.Skip($"There is no shared/{string.Join('/', names)} beside the repository.");

        string copy = target.Below("mlruns");
        foreach (string file in Directory.EnumerateFiles(source, "*", SearchOption.AllDirectories))
        {
            string to = Path.Combine(copy, Path.GetRelativePath(source, file));
            Directory.CreateDirectory(Path.GetDirectoryName(to)!);
            File.Copy(file, to);
        }

        return copy;
    }

    /// <summary>The folder of this checkout.</summary>
    public static string? Repository()
    {
        for (string? folder = AppContext.BaseDirectory; folder is not null; folder = Path.GetDirectoryName(folder))
        {
            if (File.Exists(Path.Combine(folder, "Anovos.PowerShell.sln")))
                return folder;
        }

        return null;
    }
}
