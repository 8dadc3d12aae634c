using System.Text.RegularExpressions;
using Anovos.Mlflow.Http;

namespace Anovos.Mlflow.Databricks;

/// <summary>Advice for a refusal by a workspace: the permission, the grant or the setting to ask for.</summary>
internal static class WorkspaceRefusal
{
    // Unity Catalog names the privilege and the object: "User does not have USE SCHEMA on Schema 'main.churn'."
    private static readonly Regex Grant = new(
        @"does not have (?<privilege>[A-Z]+(?: [A-Z]+)*) on (?<kind>\w+(?: \w+)?) '(?<name>[^']+)'", RegexOptions.CultureInvariant);

    private static readonly Regex Scopes = new(
        @"required scopes?: (?<scopes>[\w., -]+)|[Ss]copes? '(?<scopes>[^']+)' (?:is|are) not assigned", RegexOptions.CultureInvariant);

    // Messages for an identity that the workspace does not know: "User not authorized.", "Invalid access to Org: 42".
    private static readonly Regex Stranger = new(
        @"(?:\A|: )(?:User (?:is )?not authorized\b|Invalid access to Org\b)|\bnot (?:a member of|assigned to) (?:the|this) workspace\b",
        RegexOptions.IgnoreCase | RegexOptions.CultureInvariant);

    private static readonly Regex Entitlement = new(
        @"disabled for users without (?:the )?(?<name>[\w-]+) entitlement", RegexOptions.CultureInvariant);

    /// <summary>Returns the advice.</summary>
    /// <param name="refusal">The refusal.</param>
    /// <param name="host">The workspace.</param>
    /// <param name="method">The name of the method that signed in.</param>
    /// <param name="who">The method and the source of its settings.</param>
    public static string Advice(Refusal refusal, string host, string method, string who)
    {
        if (refusal.Status == 401)
        {
            string renew = method switch
            {
                "pat" => "Create another one in the workspace, under Settings > Developer > Access tokens. ",
                BrowserLogin.Method => $"Sign in again with Connect-Mlflow {BrowserLogin.Source}. ",
                _ => "",
            };
            return $"The workspace rejected the token of {who}: it may have expired, been revoked, or belong to another workspace. "
                + $"{renew}Test-MlflowConnection shows the available methods.";
        }

        if (Scopes.Match(refusal.Message) is { Success: true } scopes)
        {
            string missing = scopes.Groups["scopes"].Value.Trim(' ', '.');
            return $"The token of {who} is limited to other scopes. Sign in with a token that has {missing}; for OAuth, name the scopes "
                + "to request in the profile (scopes).";
        }

        if (Stranger.IsMatch(refusal.Message))
        {
            return $"The {method} identity is not a user of this workspace. Ask an administrator of {host} to add it. An Azure "
                + "identity that has a role on the workspace's resource instead needs DATABRICKS_AZURE_RESOURCE_ID.";
        }

        if (Entitlement.Match(refusal.Message) is { Success: true } entitlement)
        {
            string name = entitlement.Groups["name"].Value;
            return $"Ask an administrator of {host} to grant the entitlement {name} to the {method} identity.";
        }

        if (refusal.Request.Endpoint.Contains("mlflow/unity-catalog/"))
            return ""; // the registry names the grant
        if (Grant.Match(refusal.Message) is { Success: true } grant)
        {
            string on = $"{grant.Groups["kind"].Value.ToUpperInvariant()} {grant.Groups["name"].Value}";
            return $"Ask its owner to run GRANT {grant.Groups["privilege"].Value} ON {on} TO the {method} identity.";
        }

        string needed = Permission(refusal.Request);
        return $"This requires the permission {needed}. Ask an administrator of {host} to grant it to the {method} identity.";
    }

    /// <summary>
    /// True if a refusal is about the network, the token's scopes, an entitlement or the identity itself, so that no permission would help.
    /// </summary>
    public static bool IsNoPermission(MlflowException refusal) =>
        refusal.ErrorCode == NetworkRefusal.PrivateLink || NetworkRefusal.AdviceOn(refusal.Message) is not null
        || Scopes.IsMatch(refusal.Message) || Stranger.IsMatch(refusal.Message) || Entitlement.IsMatch(refusal.Message);

    private static string Permission(RefusedRequest request)
    {
        string endpoint = request.Endpoint;
        bool reads = request.Reads || Ends("credentials-for-read");
        return Holds("/workspace/") ? reads ? "CAN VIEW on the workspace folder" : "CAN MANAGE on the workspace folder"
            : Ends("experiments/create") ? "CAN MANAGE on the workspace folder"
            : Holds("/fs/") && Holds("/Volumes/") ? reads ? "READ VOLUME on the volume" : "WRITE VOLUME on the volume"
            : Ends("jobs/runs/submit") ? "CAN ATTACH TO on the cluster, or to create a cluster"
            : Holds("/jobs/") ? reads ? "CAN VIEW on the job" : "CAN MANAGE RUN on the job"
            : Holds("/dbfs/") ? reads ? "to read the path in DBFS" : "to write the path in DBFS"
            : Holds("/registered-models/") || Holds("/model-versions/")
                ? $"CAN {(reads ? "READ" : Ends("delete") || Ends("rename") ? "MANAGE" : "EDIT")} on the registered model"
            : reads ? "CAN READ on the experiment"
            : Holds("/experiments/") ? "CAN MANAGE on the experiment"
            : "CAN EDIT on the experiment";

        bool Holds(string part) => endpoint.Contains(part);

        bool Ends(string part) => endpoint.EndsWith(part, StringComparison.Ordinal);
    }
}
