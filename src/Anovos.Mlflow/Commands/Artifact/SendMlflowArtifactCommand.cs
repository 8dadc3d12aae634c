using System.Management.Automation;
using Anovos.Mlflow.Artifacts;
using Anovos.Mlflow.PowerShell.Abstractions;
using Anovos.Mlflow.PowerShell.Sessions;

namespace Anovos.Mlflow.PowerShell.Commands;

/// <summary>Sends files and folders to a run. A folder keeps its name and its structure.</summary>
[Cmdlet(VerbsCommunications.Send, "MlflowArtifact", DefaultParameterSetName = "Path", SupportsShouldProcess = true)]
[OutputType("Anovos.Mlflow.Artifacts.ArtifactResult")]
public sealed class SendMlflowArtifactCommand : SendCommand
{
    private readonly List<ArtifactUpload> _uploads = [];
    private readonly List<ArtifactBundle> _bundles = [];
    private RunReference? _run;
    private string? _named;

    /// <summary>Files and folders; wildcards are allowed.</summary>
    [Parameter(Position = 0, Mandatory = true, ParameterSetName = "Path", ValueFromPipeline = true)]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    public string[] Path { get; set; } = [];

    /// <summary>Files and folders, without wildcards.</summary>
    [Parameter(Mandatory = true, ParameterSetName = "LiteralPath", ValueFromPipelineByPropertyName = true)]
    [Alias("PSPath", "LP")]
    [ValidateNotNullOrEmpty]
    public string[] LiteralPath { get; set; } = [];

    /// <summary>The target folder in the run's artifacts; without it, the artifact root.</summary>
    [Parameter(Position = 1)]
    [AllowEmptyString]
    public string ArtifactPath { get; set; } = "";

    /// <summary>The name of a single file or folder in the run.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? Name { get; set; }

    /// <summary>Sends the content of a folder, without the folder itself.</summary>
    [Parameter]
    public SwitchParameter ContentOnly { get; set; }

    /// <inheritdoc/>
    protected override void Process()
    {
        RunReference run = ResolveRun();
        if (_run is not null && _run.RunId != run.RunId)
            SendGathered();
        _run = run;
        string folder = Artifacts.ArtifactPath.Normalize(ArtifactPath);
        bool literal = ParameterSetName == "LiteralPath";
        foreach (string item in FileArguments.Resolve(this, literal ? LiteralPath : Path, literal, "ArtifactNotFound"))
            Gather(item, folder);
    }

    /// <inheritdoc/>
    protected override void End() => SendGathered();

    private void Gather(string item, string folder)
    {
        if (Name is not null && _named is not null && _named != item)
            throw new MlflowException(ErrorKind.InvalidValue, $"-Name '{Name}' can name only one file or folder and already names '{_named}', so '{item}' is not sent. Send them one at a time, or without -Name.") { Target = item };
        _named = item;
        string name = Name ?? System.IO.Path.GetFileName(item.TrimEnd('/', System.IO.Path.DirectorySeparatorChar));
        string target = Artifacts.ArtifactPath.Join(folder, name);
        if (File.Exists(item))
        {
            if (ShouldProcess(_run!.ToString(), $"Send '{item}' as '{target}'{Zipped}"))
                Add(item, target, [new ArtifactUpload(new FileInfo(item), target)]);
            return;
        }

        if (!ShouldProcess(_run!.ToString(), $"Send the folder '{item}' as '{(ContentOnly ? folder : target)}'{Zipped}"))
            return;
        string root = ContentOnly ? folder : target;
        WriteProgress(new ProgressRecord(0, SafeText.Of($"Sending '{item}'"), "Listing its files"));
        FolderListing listing = Await(token => Task.FromResult(FolderListing.Of(item, token)));
        foreach (string problem in listing.Problems)
            WriteWarning(problem);
        IEnumerable<ArtifactUpload> uploads =
            listing.Files.Select(file => new ArtifactUpload(file, Artifacts.ArtifactPath.Join(root, file.RelativePath)));
        Add(item, target, [.. uploads]);
    }

    private string Zipped => Compress ? ", in one zip" : "";

    private void Add(string item, string target, IReadOnlyList<ArtifactUpload> uploads)
    {
        if (!Compress)
            _uploads.AddRange(uploads);
        else if (uploads.Count > 0)
            _bundles.Add(new ArtifactBundle(target, item, uploads));
    }

    private void SendGathered()
    {
        if (_run is null)
            return;
        Send(_run, _uploads, result => WriteObject(result));
        Send(_run, _bundles, result => WriteObject(result));
        _uploads.Clear();
        _bundles.Clear();
    }
}
