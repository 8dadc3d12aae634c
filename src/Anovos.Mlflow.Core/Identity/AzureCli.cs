using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using System.Text;
using Anovos.Mlflow.Processes;

namespace Anovos.Mlflow.Identity;

/// <summary>The identity that is signed in with <c>az login</c>. The program is started itself, without a shell.</summary>
internal sealed class AzureCli(Func<string, string?> setting, Func<DateTimeOffset> clock)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    /// <summary>Where the program is; null where it is not installed.</summary>
    public static string? Find(Func<string, string?> setting)
    {
        // Only these two: on Windows it is a batch file, and nothing that lies in the current folder.
        string name = WindowsName.IsWindows ? "az.cmd" : "az";
        return ProgramSearch.Folders(setting("PATH")).Select(folder => LocalPath.Join(folder, name)).FirstOrDefault(File.Exists);
    }

    /// <summary>A token for a resource, of whoever is signed in.</summary>
    public async Task<AccessToken> FetchAsync(string resource, CancellationToken cancellationToken)
    {
        string[] parts = (setting("azure_workspace_resource_id") ?? "").Split('/');
        string arguments = $"account get-access-token --resource {resource} --output json"
            + (setting("azure_tenant_id") is { } tenant ? $" --tenant {Plain("ARM_TENANT_ID", tenant)}" : "")
            + (parts.Length > 2 && setting("azure_tenant_id") is null ? $" --subscription {Plain("DATABRICKS_AZURE_RESOURCE_ID", parts[2])}" : "");
        (int exitCode, string output, string error) = await RunAsync(arguments, cancellationToken).ConfigureAwait(false);
        if (exitCode != 0)
            throw new MlflowException(ErrorKind.AuthenticationFailed, $"The Azure CLI has no token for Azure Databricks: {FirstLine(error)} Sign in with az login.") { Target = "az" };
        try
        {
            using JsonDocument document = JsonDocument.Parse(output);
            return new AccessToken(document.RootElement.GetProperty("accessToken").GetString()!, clock(), End(document.RootElement));
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or FormatException or InvalidOperationException)
        {
            // The output holds a token: no word of it, and no inner exception that might quote it.
            throw new MlflowException(ErrorKind.AuthenticationFailed, "The Azure CLI answered something else than a token. Check az version; 2.54 or newer is best.") { Target = "az" };
        }
    }

    // Newer versions name the end in Unix seconds; older ones only in the machine's own time.
    private static DateTimeOffset End(JsonElement answer) => answer.TryGetProperty("expires_on", out JsonElement seconds)
        ? DateTimeOffset.FromUnixTimeSeconds(long.Parse(seconds.ToString(), NumberStyles.None, CultureInfo.InvariantCulture))
        : new DateTimeOffset(DateTime.Parse(answer.GetProperty("expiresOn").GetString()!, CultureInfo.InvariantCulture, DateTimeStyles.AssumeLocal));

    private static string Plain(string variable, string value) => Regex.IsMatch(value, "^[A-Za-z0-9.-]+$")
        ? value
        : throw new MlflowException(ErrorKind.InvalidValue, $"{variable} holds no id that the Azure CLI could be given. Correct it.") { Target = variable };

    private static string FirstLine(string error) =>
        error.Split('\n').Select(line => line.Trim()).FirstOrDefault(line => line.Length > 0) is { } line ? line.TrimEnd('.') + "." : "it said nothing.";

    private async Task<(int ExitCode, string Output, string Error)> RunAsync(string arguments, CancellationToken cancellationToken)
    {
        string program = Find(setting) ?? throw new MlflowException(ErrorKind.AuthenticationFailed, "The Azure CLI (az) is not on the PATH. Install it, or sign in another way.") { Target = "az" };
        using var process = new Process
        {
            StartInfo = new ProcessStartInfo(program, arguments)
            {
                UseShellExecute = false,
                CreateNoWindow = true,
                RedirectStandardInput = true,
                RedirectStandardOutput = true,
                RedirectStandardError = true,
                StandardOutputEncoding = Encoding.UTF8,
            },
        };
        process.Start();
        process.StandardInput.Close();
        Task<string> output = process.StandardOutput.ReadToEndAsync(), error = process.StandardError.ReadToEndAsync();
        Task finished = Task.WhenAll(output, error);
        if (await Task.WhenAny(finished, Task.Delay(Patience, cancellationToken)).ConfigureAwait(false) != finished)
        {
            process.Kill();
            cancellationToken.ThrowIfCancellationRequested();
            throw new MlflowException(ErrorKind.AuthenticationFailed, $"The Azure CLI did not answer within {Patience.TotalSeconds} seconds. Try az account show.") { Target = "az", IsTransient = true };
        }

        process.WaitForExit();
        return (process.ExitCode, await output.ConfigureAwait(false), await error.ConfigureAwait(false));
    }
}
