namespace Anovos.Mlflow.Help;

/// <summary>The addresses that <c>Get-Help -Online</c> opens.</summary>
internal static class OnlineHelp
{
    /// <summary>The address of docs/cmdlets on the project's site. A placeholder, because there is no site yet.</summary>
    public const string Folder = "https://anovos-mlflow.example/docs/cmdlets/";

    /// <summary>Returns the address of a cmdlet's page.</summary>
    public static string Of(string cmdlet) => $"{Folder}{cmdlet}.md";
}
