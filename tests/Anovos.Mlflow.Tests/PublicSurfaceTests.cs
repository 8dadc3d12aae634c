using System.Management.Automation;
using System.Reflection;
using System.Text.RegularExpressions;

namespace Anovos.Mlflow.Tests;

/// <summary>
/// The surface that scripts may rely on, recorded in <c>PublicSurface.txt</c>: cmdlets with their parameters, the properties of their
/// output, and error ids. Removing or changing a line breaks scripts, and requires a new major version of the module; before 1.0, a minor
/// version.
/// </summary>
public sealed class PublicSurfaceTests : IDisposable
{
    private readonly ScriptSession _session = new();

    [Fact]
    public void The_public_surface_is_as_recorded()
    {
        string[] recorded = File.ReadAllLines(RecordPath()), surface = [.. Surface()];
        if (Environment.GetEnvironmentVariable("ANOVOS_TEST_RECORD_SURFACE") == "true")
            File.WriteAllLines(RecordPath(), surface);

        string[] changes = [.. recorded.Except(surface).Select(line => $"- {line}"), .. surface.Except(recorded).Select(line => $"+ {line}")];
        Assert.True(changes.Length == 0, $"The public surface is not the one in PublicSurface.txt:\n{string.Join('\n', changes)}\nIf that is meant: note it in CHANGELOG.md, choose the version by it, and record it by running this test with ANOVOS_TEST_RECORD_SURFACE=true.");
        Assert.Equal(recorded, surface);
    }

    [Fact]
    public void The_version_is_one_and_the_changelog_has_it()
    {
        string version = _session.Run("(Test-ModuleManifest $Path).Version", ("Path", Path.Combine(Repository.StagedModule, "Anovos.Mlflow.psd1"))).Clean().Single.ToString();
        string assembly = AssemblyName.GetAssemblyName(Path.Combine(Repository.StagedModule, "Anovos.Mlflow.dll")).Version!.ToString(3);
        Assert.Equal(assembly, version);
        Assert.Matches($@"(?m)^## \[{Regex.Escape(version)}\] - \d{{4}}-\d\d-\d\d$", File.ReadAllText(Path.Combine(Repository.Root, "CHANGELOG.md")));
    }

    public void Dispose() => _session.Dispose();

    private static string RecordPath() => Path.Combine(Repository.Root, "tests", "Anovos.Mlflow.Tests", "PublicSurface.txt");

    private IEnumerable<string> Surface()
    {
        CmdletInfo[] cmdlets = [.. _session.Run("Get-Command -Module Anovos.Mlflow").Clean().Output.Select(item => (CmdletInfo)item.BaseObject).OrderBy(cmdlet => cmdlet.Name, StringComparer.Ordinal)];
        foreach (CmdletInfo cmdlet in cmdlets)
        {
            yield return $"{cmdlet.Name} -> {string.Join(", ", cmdlet.OutputType.Select(type => type.Name))}";
            foreach (CommandParameterSetInfo set in cmdlet.ParameterSets.OrderBy(set => set.ToString(), StringComparer.Ordinal))
                yield return $"  {cmdlet.Name} {set}";
            foreach (ParameterMetadata parameter in cmdlet.Parameters.Values.OrderBy(parameter => parameter.Name, StringComparer.Ordinal))
            {
                if (Cmdlet.CommonParameters.Contains(parameter.Name) || Cmdlet.OptionalCommonParameters.Contains(parameter.Name))
                    continue;
                if (parameter.Aliases.Count > 0)
                    yield return $"  {cmdlet.Name} -{parameter.Name} is also -{string.Join(", -", parameter.Aliases.Order(StringComparer.Ordinal))}";
                foreach (ValidateSetAttribute values in parameter.Attributes.OfType<ValidateSetAttribute>())
                    yield return $"  {cmdlet.Name} -{parameter.Name} takes {string.Join(", ", values.ValidValues)}";
            }
        }

        Assembly core = AppDomain.CurrentDomain.GetAssemblies().First(assembly => assembly.GetName().Name == "Anovos.Mlflow.Core");
        SortedDictionary<string, Type> types = new(StringComparer.Ordinal);
        foreach (string name in cmdlets.SelectMany(cmdlet => cmdlet.OutputType).Select(type => type.Name))
            Collect(core.GetType(name) ?? cmdlets[0].ImplementingType.Assembly.GetType(name), types);
        Collect(core.GetType("Anovos.Mlflow.ErrorKind"), types);
        foreach (Type type in types.Values)
        {
            yield return type.FullName!;
            foreach (string member in type.IsEnum ? Enum.GetNames(type) : Properties(type).Select(property => $"{property.Name}: {Written(property.PropertyType)}"))
                yield return $"  {type.Name}.{member}";
        }
    }

    // The types of this module that are reachable from a type through its properties.
    private static void Collect(Type? type, SortedDictionary<string, Type> types)
    {
        if (type is null)
            return;
        foreach (Type argument in type.GenericTypeArguments.Append(type.GetElementType()!))
            Collect(argument, types);
        if (type.Namespace?.StartsWith("Anovos.", StringComparison.Ordinal) != true || type.IsArray || type.IsGenericType || !types.TryAdd(type.FullName!, type))
            return;
        foreach (PropertyInfo property in Properties(type))
            Collect(property.PropertyType, types);
    }

    private static IEnumerable<PropertyInfo> Properties(Type type) =>
        type.GetProperties(BindingFlags.Public | BindingFlags.Instance).Where(property => property.DeclaringType!.Namespace!.StartsWith("Anovos.", StringComparison.Ordinal) && property.GetIndexParameters().Length == 0).OrderBy(property => property.Name, StringComparer.Ordinal);

    private static string Written(Type type) =>
        type.IsArray ? $"{Written(type.GetElementType()!)}[]"
        : type.IsGenericType ? $"{type.Name[..type.Name.IndexOf('`')]}<{string.Join(", ", type.GenericTypeArguments.Select(Written))}>"
        : type.Name;
}
