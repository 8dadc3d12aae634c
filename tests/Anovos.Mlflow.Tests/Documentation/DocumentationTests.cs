namespace Anovos.Mlflow.Tests.Documentation;

/// <summary>Types every command of README.md and docs into pwsh, in the order of its page, and compares the output with the page.</summary>
[Collection(nameof(DocumentationTests))]
public sealed class DocumentationTests(Reader reader) : IClassFixture<Reader>
{
    public static TheoryData<string> Pages => [.. Page.Typed.Where(page => page.Commands.Any(Walk.Runs)).Select(page => page.Path)];

    [Theory]
    [MemberData(nameof(Pages))]
    public async Task What_a_page_says_is_so(string path)
    {
        Page page = Page.Typed.Single(page => page.Path == path);
        var walk = new Walk(reader);
        IReadOnlyList<Step> steps = await walk.ThroughAsync(page);
        string[] untyped = [.. walk.Untyped.Select(command => command.Heading)];
        None(steps.Select(step => step.Wrong).OfType<string>().Concat(page.IsTroubleshooting ? Unprovoked(page, steps, untyped) : []));
        string places = string.Join(", ", walk.Untyped.Select(command => command.Place));
        Assert.SkipWhen(places.Length > 0, $"there is no python3 in PATH, so {untyped.Length} commands were not typed: {places}");
    }

    [Fact]
    public void Every_command_is_typed_or_known_to_run_elsewhere()
    {
        Command[] commands = [.. Page.Typed.SelectMany(page => page.Commands).Where(command => command.Language != "syntax")];
        Command[] elsewhere = [.. commands.Where(command => !Walk.Runs(command))];
        None(
        [
            .. elsewhere.Where(command => Elsewhere.Of(command) is null).Select(command => $"{command.Place}: neither typed nor listed in Elsewhere.cs: {command.FirstLine}"),
            .. Elsewhere.All.Where(entry => !elsewhere.Any(command => Elsewhere.Of(command) == entry)).Select(entry => $"Elsewhere.cs: no page has this command: {entry.FirstLine}"),
            .. Elsewhere.All.Where(entry => entry.File is not null && !File.ReadAllText(Path.Combine(Repository.Root, entry.File)).Contains(entry.Text, StringComparison.Ordinal)).Select(entry => $"Elsewhere.cs: {entry.File} does not contain: {entry.Text}"),
        ]);
        Console.WriteLine(
            $"Documentation: {commands.Length} commands in {commands.Select(command => command.Page).Distinct().Count()} pages: {commands.Length - elsewhere.Length} typed, {elsewhere.Length} elsewhere"
            + string.Concat(elsewhere.Select(command => $"\n  {command.Place}: {command.FirstLine}: {Elsewhere.Of(command)!.Why}")));
    }

    [Fact]
    public void Every_block_has_a_language() =>
        None(Page.All.SelectMany(page => page.Fences.Where(fence => fence.Language.Length == 0).Select(fence => $"{page.Path}:{fence.Line}: a block without a language")));

    [Fact]
    public void Every_kind_of_error_has_a_section_and_no_section_is_for_another() =>
        Assert.Equal(ErrorKinds.Order(), Page.Typed.Single(page => page.IsTroubleshooting).Headings.Where(heading => heading.Level == 3).Select(heading => heading.Text).Order());

    [Fact]
    public void Every_link_leads_somewhere()
    {
        Dictionary<string, Page> pages = Page.All.ToDictionary(page => page.Path);
        None(Page.All.SelectMany(page => page.Links.Where(link => !link.Target.Contains(':')).Where(link => !Leads(page, link.Target)).Select(link => $"{page.Path}:{link.Line}: a broken link: {link.Target}")));

        bool Leads(Page page, string target)
        {
            string[] parts = target.Split('#');
            string file = parts[0].Length == 0 ? page.Path : Path.GetRelativePath(Repository.Root, Path.Combine(Repository.Root, Path.GetDirectoryName(page.Path)!, parts[0])).Replace('\\', '/');
            return Path.Exists(Path.Combine(Repository.Root, file)) && (parts.Length == 1 || (pages.TryGetValue(file, out Page? other) && other.Headings.Any(heading => heading.Anchor == parts[1])));
        }
    }

    /// <summary>The names of the module's error kinds.</summary>
    private static string[] ErrorKinds =>
        new System.Runtime.Loader.AssemblyLoadContext(null).LoadFromAssemblyPath(Directory.GetFiles(Repository.StagedModule, "Anovos.Mlflow.Core.dll", SearchOption.AllDirectories).Order().First()).GetType("Anovos.Mlflow.ErrorKind", throwOnError: true)!.GetEnumNames();

    // Each section is about the error that its commands cause.
    private static IEnumerable<string> Unprovoked(Page page, IReadOnlyList<Step> steps, string[] untyped)
    {
        foreach (string kind in ErrorKinds.Except(Elsewhere.Unprovoked.Select(entry => entry.Kind)).Except(untyped))
        {
            string[] led = [.. steps.Where(step => step.Command.Heading == kind).SelectMany(step => step.Answer.Errors).Select(error => error.Id.Split(',')[0]).Distinct()];
            if (led is not [var one] || one != kind)
                yield return $"{page.Path}: the section {kind} leads to {(led.Length == 0 ? "no error" : string.Join(", ", led))}";
        }
    }

    private static void None(IEnumerable<string> wrong) => Assert.True(!wrong.Any(), "\n" + string.Join("\n", wrong));
}
