namespace Anovos.Mlflow.Tests.Tracking;

/// <summary>The material next to the repository (<c>../shared</c>), which is not part of a public clone.</summary>
internal static class SharedMaterial
{
    /// <summary>Copies a shared folder; skips the test if it is missing.</summary>
    public static string Copy(TemporaryFolder target, params string[] names)
    {
        string source = Find(names), copy = target.Below("mlruns");
        foreach (string file in Directory.EnumerateFiles(source, "*", SearchOption.AllDirectories))
        {
            string to = Path.Combine(copy, Path.GetRelativePath(source, file));
            Directory.CreateDirectory(Path.GetDirectoryName(to)!);
            File.Copy(file, to);
            File.SetAttributes(to, FileAttributes.Normal);
        }

        return copy;
    }

    /// <summary>Copies the database that a release of MLflow wrote; skips the test if it is missing.</summary>
    public static string Database(TemporaryFolder target, string release)
    {
        string copy = target.Below($"{release}.db");
        File.Copy(Path.Combine(Find("mlflow", "databases"), $"{release}.db"), copy);
        File.SetAttributes(copy, FileAttributes.Normal);
        return copy;
    }

    /// <summary>Returns a shared folder; skips the test if it is missing.</summary>
    public static string Find(params string[] names)
    {
        string? folder = Repository() is { } root ? Path.Combine([root, "..", "shared", .. names]) : null;
        if (folder is null || !Directory.Exists(folder))
            Assert.Skip($"There is no shared/{string.Join('/', names)} beside the repository.");
        return folder;
    }

    /// <summary>Returns the folder of this checkout.</summary>
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
