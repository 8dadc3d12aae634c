using System.Text;
using System.Text.Json;
using Anovos.Mlflow.Identity;
using Anovos.Mlflow.Processes;

namespace Anovos.Mlflow.Databricks;

/// <summary>
/// Gets tokens for the identity that is signed in with <c>databricks auth login</c>. The token is requested from the CLI, wherever the
/// CLI stores it: in a file or a keyring.
/// </summary>
internal sealed class DatabricksCli(DatabricksConfig config, Func<DateTimeOffset> clock)
{
    // The Python package of the same name was a small script.
    private const long SmallestProgram = 1 << 20;

    private static readonly Version WithProfile = new(0, 207, 1);
    private static readonly Version WithForceRefresh = new(0, 296, 0);
    private static readonly TimeSpan VersionPatience = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private string Host => config.Host.GetLeftPart(UriPartial.Authority);

    /// <summary>The reason why the CLI cannot be used; null if it can.</summary>
    public static string? Missing(DatabricksConfig config) =>
        Find(config) is not { } path
            ? config["databricks_cli_path"] is { } named ? $"DATABRICKS_CLI_PATH ({named}) does not exist" : "databricks is not on the PATH"
        : IsOld(path) ? $"{path} is the Python package, version 0.18 or older, which has no auth login: install the Databricks CLI"
        : null;

    /// <summary>Fetches a token of the signed-in user.</summary>
    /// <exception cref="NotSignedInException">No one is signed in to this host.</exception>
    public async Task<AccessToken> FetchAsync(CancellationToken cancellationToken)
    {
        string path = Find(config) is { } found && Missing(config) is null ? found
            : throw new MlflowException(ErrorKind.AuthenticationFailed, $"{Missing(config)}.") { Target = "databricks" };
        var program = new TokenProgram("The Databricks CLI", path);
        Version? version = await ReadVersionAsync(program, cancellationToken).ConfigureAwait(false);
        ProgramResult result = await program.RunAsync(Command(version), Patience, cancellationToken).ConfigureAwait(false);
        if (result.ExitCode == 0)
            return Read(program, result.Output);
        string name = version is null ? "The Databricks CLI" : $"The Databricks CLI {version}";
        string said = result.Message;
        string message = $"{name} has no token for {config.Host.Host}: {said}";
        if (said.Contains("databricks OAuth is not"))
            throw new NotSignedInException($"{message} Sign in with databricks auth login --host {Host}.", "databricks");
        bool hasAdvice = said.Contains("auth login");
        throw program.Failed(hasAdvice ? message : $"{message} Sign in with databricks auth login; this needs version 0.205 or newer.");
    }

    /// <summary>The arguments for a version of the CLI; if it is unknown (null), those that every version supports.</summary>
    internal IReadOnlyList<string> Command(Version? version)
    {
        List<string> command = ["auth", "token"];
        if (config.Profile is not null && version >= WithProfile)
            command.AddRange(["--profile", config.Profile]);
        else
            command.AddRange(["--host", Host]);
        if (version >= WithForceRefresh)
            command.Add("--force-refresh");
        return command;
    }

    /// <summary>The possible paths of the CLI: the configured file, or the folders of <c>PATH</c>.</summary>
    internal static IEnumerable<string> Places(string? named, string? path, bool onWindows)
    {
        string name = named ?? (onWindows ? "databricks.exe" : "databricks");
        return name.IndexOf('/') >= 0 || (onWindows && name.IndexOf('\\') >= 0)
            ? [name]
            : ProgramSearch.Folders(path, onWindows).Select(folder => LocalPath.Join(folder, name, onWindows));
    }

    /// <summary>Parses the version in the output of the CLI; null if it cannot be read, or for a build without a version.</summary>
    internal static Version? ParseVersion(string output)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(output);
            int[] parts = [.. new[] { "Major", "Minor", "Patch" }.Select(name => document.RootElement.GetProperty(name).GetInt32())];
            return parts.All(part => part == 0) ? null : new Version(parts[0], parts[1], parts[2]);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or KeyNotFoundException or FormatException
            or ArgumentException)
        {
            return null;
        }
    }

    private static string? Find(DatabricksConfig config) =>
        Places(config["databricks_cli_path"], config.Setting("PATH"), WindowsName.IsWindows)
            .Select(place => ProgramSearch.Complete(place, config.Setting)).FirstOrDefault(place => place is not null);

    private static bool IsOld(string path)
    {
        try
        {
            return new FileInfo(path).Length < SmallestProgram && File.ReadAllText(path, Encoding.UTF8).Contains("from databricks_cli");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    // Returns null for an unknown version, which gets the arguments that every version supports.
    private static async Task<Version?> ReadVersionAsync(TokenProgram program, CancellationToken cancellationToken)
    {
        try
        {
            ProgramResult result = await program.RunAsync(["version", "--output", "json"], VersionPatience, cancellationToken)
                .ConfigureAwait(false);
            return result.ExitCode == 0 ? ParseVersion(result.Output) : null;
        }
        catch (MlflowException e) when (e.IsTransient)
        {
            return null;
        }
    }

    private AccessToken Read(TokenProgram program, string output)
    {
        // The output contains a token, so neither the message nor an inner exception may quote it.
        MlflowException unreadable = program.Failed(
            "The Databricks CLI printed something other than a token with its expiry. Check databricks version; 0.205 or "
            + "newer is needed.");
        try
        {
            using JsonDocument document = JsonDocument.Parse(output);
            string token = TokenEndpoint.Text(document.RootElement, "access_token") is { Length: > 0 } text ? text : throw unreadable;
            DateTimeOffset end = TokenTime.Read(document.RootElement, "expiry") ?? throw unreadable;
            ThrowIfOtherScopes(program, token);
            return new AccessToken(token, clock(), end);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            throw unreadable;
        }
    }

    // The CLI returns the token of the last login, even if the profile's scopes have changed since.
    private void ThrowIfOtherScopes(TokenProgram program, string token)
    {
        if (config["scopes"] is null || Jwt.Claims(token) is not { } claims || !claims.TryGetProperty("scope", out JsonElement scope))
            return;
        string text = scope.ValueKind == JsonValueKind.Array ? string.Join(" ", scope.EnumerateArray()) : scope.ToString();
        string[] granted = [.. Scopes.Split(text).Where(name => name != Scopes.Refresh)];
        string[] wanted = [.. Scopes.Of(config).Where(name => name != Scopes.Refresh)];
        if (!granted.SequenceEqual(wanted))
            throw program.Failed(
                $"The Databricks CLI's token has the scopes {string.Join(", ", granted)}, but {config.SourceOf("scopes")} asks "
                + $"for {string.Join(", ", wanted)}. Sign in again with databricks auth login --scopes {string.Join(",", wanted)}.");
    }
}
