using System.Text.RegularExpressions;
using Anovos.Mlflow.Tests.Tracking;
using Mono.Cecil;

namespace Anovos.Mlflow.Tests.Architecture;

/// <summary>The layers of Core. A folder may use the folders of the layers below its own: none beside it, none above it.</summary>
public class LayerTests
{
    private const string Table =
        """
        11  Pipelines
        10  Gates
        9  Reports  Jobs
        8  Workflow
        7  Copying
        6  Outputs  Registry
        5  Stores  Projects  Checks
        4  Databricks  Configuration  Context
        3  Cloud
        2  Artifacts  Tracking  Identity
        1  Http  Processes  Tables  Yaml
        0  Common
        """;

    // Folders within a layer's folder that must not use each other.
    private static readonly string[][] Separate = [["Tracking/Rest", "Tracking/Directory", "Tracking/Sqlite"]];

    private static readonly Dictionary<string, string> Homes = new()
    {
        ["YamlDotNet"] = "Yaml",
        ["Parquet"] = "Tables",
        ["RestSharp"] = "Http",
        ["AWSSDK.Core"] = "Cloud",
        ["AWSSDK.S3"] = "Cloud",
        ["Azure.Core"] = "Cloud",
        ["Azure.Storage.Blobs"] = "Cloud",
        ["Azure.Storage.Common"] = "Cloud",
        ["Google.Api.Gax"] = "Cloud",
        ["Google.Apis"] = "Cloud",
        ["Google.Apis.Auth"] = "Cloud",
        ["Google.Apis.Core"] = "Cloud",
        ["Google.Apis.Storage.v1"] = "Cloud",
        ["Google.Cloud.Storage.V1"] = "Cloud",
        ["Microsoft.Data.Sqlite"] = "Tracking",
        ["SQLitePCLRaw.core"] = "Tracking",
        ["SQLitePCLRaw.provider.e_sqlite3"] = "Tracking",
    };

    private static readonly Dictionary<string, int> Layers = Table.Split('\n')
        .Select(line => line.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries))
        .SelectMany(line => line.Skip(1).Select(folder => (folder, Layer: int.Parse(line[0]))))
        .ToDictionary(row => row.folder, row => row.Layer);

    private static string Core => Path.Combine(SharedMaterial.Repository()!, "src", "Anovos.Mlflow.Core");

    private static IEnumerable<string> Sources => Directory.EnumerateFiles(Core, "*.cs", SearchOption.AllDirectories)
        .Select(file => Path.GetRelativePath(Core, file).Replace('\\', '/'))
        .Where(file => !file.StartsWith("obj/", StringComparison.Ordinal) && !file.StartsWith("bin/", StringComparison.Ordinal));

    [Fact]
    public void Every_folder_has_a_layer_and_every_layer_has_its_folders()
    {
        string[] folders = [.. Sources.Select(file => file.Split('/')[0]).Distinct().Order(StringComparer.Ordinal)];
        Assert.Equal(Layers.Keys.Order(StringComparer.Ordinal), folders);
    }

    [Fact]
    public void Every_file_has_the_namespace_of_its_folder()
    {
        string[] wrong = [.. Sources.Where(file => NamespaceOf(file) != (file.Split('/')[0] is "Common" ? "Anovos.Mlflow" : $"Anovos.Mlflow.{file.Split('/')[0]}"))];
        Assert.Equal([], wrong);
    }

    [Fact]
    public void No_type_uses_a_type_of_its_own_layer_or_one_above()
    {
        (TypeReference From, TypeReference To)[] ours = [.. CoreTypes.References().Where(reference => IsOurs(reference.From) && IsOurs(reference.To))];
        Assert.NotEmpty(ours);
        Assert.Equal([], ours.Where(reference => IsForbidden(CoreTypes.Folder(reference.From), CoreTypes.Folder(reference.To)))
            .Select(reference => $"{CoreTypes.Folder(reference.From)} -> {CoreTypes.Folder(reference.To)}: {reference.From.Name} uses {reference.To.Name}"));
    }

    [Fact]
    public void No_file_imports_the_namespace_of_its_own_layer_or_one_above()
    {
        // Constants are compiled into their users, and nameof into a text: the directive is what remains of them.
        IEnumerable<string> wrong =
            from file in Sources
            from Match directive in Regex.Matches(Text(file), @"^using (?:static )?Anovos\.Mlflow\.(\w+)", RegexOptions.Multiline)
            where IsForbidden(file.Split('/')[0], directive.Groups[1].Value)
            select $"{file} uses {directive.Groups[1].Value}";
        Assert.Equal([], wrong);
    }

    [Fact]
    public void Stores_do_not_use_each_other()
    {
        Dictionary<string, string> folderOf = [];
        foreach (string file in Sources)
        {
            foreach (Match declared in Regex.Matches(Text(file), @"\b(?:class|interface|enum|struct|record(?: struct)?) (\w+)"))
                folderOf[$"{NamespaceOf(file)}.{declared.Groups[1].Value}"] = Path.GetDirectoryName(file)!.Replace('\\', '/');
        }

        (string From, string To, string Text)[] between =
        [
            .. from reference in CoreTypes.References()
               where folderOf.ContainsKey(reference.From.FullName) && folderOf.ContainsKey(reference.To.FullName)
               select (folderOf[reference.From.FullName], folderOf[reference.To.FullName], $"{reference.From.Name} uses {reference.To.Name}"),
        ];
        foreach (string[] folders in Separate)
        {
            Assert.All(folders, folder => Assert.Contains(between, reference => reference.From == folder));
            Assert.Equal([], between.Where(one => one.From != one.To && folders.Contains(one.From) && folders.Contains(one.To)).Select(one => one.Text));
        }
    }

    [Fact]
    public void Each_library_is_used_in_one_folder()
    {
        (string Folder, string Library, string Text)[] uses =
        [
            .. from reference in CoreTypes.References()
               where IsOurs(reference.From) && Homes.ContainsKey(reference.To.Scope.Name)
               select (CoreTypes.Folder(reference.From), reference.To.Scope.Name, $"{reference.From.FullName} uses {reference.To.FullName}"),
        ];
        Assert.Equal([], uses.Where(use => Homes[use.Library] != use.Folder).Select(use => use.Text));
        string[] libraries =
        [
            .. typeof(MlflowException).Assembly.GetReferencedAssemblies().Select(library => library.Name!)
                .Where(name => Homes.ContainsKey(name) || !Regex.IsMatch(name, @"^(?:System|Microsoft\.|netstandard$)")),
        ];
        Assert.Equal(Homes.Keys.Order(StringComparer.Ordinal), libraries.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void The_library_for_json_schemas_is_in_the_tests_and_not_in_the_module()
    {
        // PowerShell itself, which the host has in it, uses another version.
        Assert.All(["Anovos.Mlflow", "Anovos.Mlflow.Core", "Anovos.Mlflow.Loader"], project =>
            Assert.DoesNotContain("\"JsonSchema.Net/", Restored("src", project)));
        Assert.Contains("\"JsonSchema.Net/", Restored("tests", "Anovos.Mlflow.Core.Tests"));
    }

    // The packages of a project and of those that it uses.
    private static string Restored(string folder, string project) =>
        File.ReadAllText(Path.Combine(SharedMaterial.Repository()!, folder, project, "obj", "project.assets.json"));

    private static bool IsOurs(TypeReference type) => type.Namespace == "Anovos.Mlflow" || type.Namespace.StartsWith("Anovos.Mlflow.", StringComparison.Ordinal);

    private static bool IsForbidden(string from, string to) => from != to && Layers[to] >= Layers[from];

    private static string Text(string file) => File.ReadAllText(Path.Combine(Core, file));

    private static string NamespaceOf(string file) => Regex.Match(Text(file), @"^namespace ([\w.]+);", RegexOptions.Multiline).Groups[1].Value;
}
