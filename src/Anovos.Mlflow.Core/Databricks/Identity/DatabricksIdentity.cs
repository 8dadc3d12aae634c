using System.Net.Http.Headers;
using Anovos.Mlflow.Http;
using Anovos.Mlflow.Identity;

namespace Anovos.Mlflow.Databricks;

/// <summary>Who signs in to a workspace: the first method that has what it needs, or the one that <c>auth_type</c> asks for.</summary>
internal sealed class DatabricksIdentity : IRequestIdentity, IEquatable<DatabricksIdentity>
{
    private const string ResourceIdHeader = "X-Databricks-Azure-Workspace-Resource-Id";
    private const string ManagementHeader = "X-Databricks-Azure-SP-Management-Token";

    private readonly DatabricksConfig _config;
    private readonly IdentityMethod _method;
    private readonly TokenCache _tokens;
    private readonly TokenCache? _management;

    /// <summary>Chooses the method; nothing is asked for yet.</summary>
    /// <exception cref="MlflowException"><see cref="ErrorKind.AuthenticationFailed"/> where no method can be used; the message says why each of them not.</exception>
    public DatabricksIdentity(
        DatabricksConfig config, ConnectionOptions options, Func<DateTimeOffset>? clock = null, BrowserLogin? login = null)
    {
        clock ??= () => DateTimeOffset.UtcNow;
        _config = config;
        _method = Choose(config);
        Redactor redactor = options.Redactor;
        redactor.Add(config.Secrets);
        Func<string, CancellationToken, Task<AccessToken>> fetch = _method.Fetch(config, new TokenSources(config, options, clock, login));
        _tokens = new TokenCache(token => FetchAsync(AzureCloud.DatabricksResource, token), clock);

        // For a principal that is no user of the workspace yet. It opens the subscription, so it goes nowhere unasked.
        if (_method.IsOfAzure && config["azure_workspace_resource_id"] is not null)
            _management = new TokenCache(token => FetchAsync(config.Cloud!.Management, token), clock);

        async Task<AccessToken> FetchAsync(string resource, CancellationToken cancellationToken)
        {
            AccessToken token = await fetch(resource, cancellationToken).ConfigureAwait(false);
            redactor.Add(token.Value);
            return token;
        }
    }

    /// <inheritdoc/>
    public string Method => _method.Name;

    /// <inheritdoc/>
    public IReadOnlyList<string> NotUsed => [.. IdentityMethod.All.Where(method => method != _method).Select(method => $"{method.Name}: {WhyNot(method)}")];

    /// <inheritdoc/>
    public string Description => $"{Who} for {_config.Host.Host}";

    /// <summary>Where the method's settings come from: variables, a profile. Null where it needs none.</summary>
    public string? Source => _config.IsInteractive ? BrowserLogin.Source
        : _method.Settings.Length == 0 ? null
        : string.Join(", ", _method.Settings.Select(_config.SourceOf).Distinct());

    private string Who => Source is null ? Method : $"{Method} from {Source}";

    /// <summary>True for an identity of the same configuration: connections with equal options share one, and its tokens.</summary>
    public bool Equals(DatabricksIdentity? other) => other is not null && _config.Equals(other._config);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as DatabricksIdentity);

    /// <inheritdoc/>
    public override int GetHashCode() => _config.GetHashCode();

    /// <inheritdoc/>
    public async Task AuthenticateAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        try
        {
            AccessToken token = await _tokens.GetAsync(cancellationToken).ConfigureAwait(false);
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", Sendable(token.Value));
            if (_management is null)
                return;
            AccessToken management = await _management.GetAsync(cancellationToken).ConfigureAwait(false);
            Set(ManagementHeader, Sendable(management.Value));
            Set(ResourceIdHeader, _config["azure_workspace_resource_id"]!);
        }
        catch (MlflowException e)
        {
            throw e.Rewrap($"Signing in to {_config.Host.Host} as {Who} failed: {e.Message}", target: _config.Host.Host);
        }

        void Set(string name, string value)
        {
            request.Headers.Remove(name);
            request.Headers.Add(name, value);
        }
    }

    /// <inheritdoc/>
    public bool Forget(HttpRequestMessage refused)
    {
        if (!_method.IsRenewable || refused.Headers.Authorization?.Parameter is not { } token)
            return false;
        _tokens.Forget(token);
        if (_management is not null && refused.Headers.TryGetValues(ManagementHeader, out IEnumerable<string>? values))
            _management.Forget(values.Single());
        return true;
    }

    /// <inheritdoc/>
    public string AdviceOn(Refusal refusal) => WorkspaceRefusal.Advice(refusal, _config.Host.Host, Method, Who);

    // .NET would quote it in its own error.
    private static string Sendable(string token) => token.Any(character => character is <= ' ' or > '~')
        ? throw new MlflowException(ErrorKind.AuthenticationFailed, "The token holds a space or a line break, as after copying it in part. Set it anew.")
        : token;

    private static IdentityMethod Choose(DatabricksConfig config)
    {
        string? wanted = config["auth_type"];
        if (wanted is not null && IdentityMethod.All.All(method => method.Name != wanted))
            throw new MlflowException(ErrorKind.InvalidValue, $"DATABRICKS_AUTH_TYPE (auth_type) is '{wanted}', which is not one of {string.Join(", ", IdentityMethod.All.Select(method => method.Name))}. Correct it.") { Target = "DATABRICKS_AUTH_TYPE" };
        IdentityMethod[] candidates = [.. IdentityMethod.All.Where(method => wanted is null || method.Name == wanted)];
        return candidates.FirstOrDefault(method => method.Missing(config) is null)
            ?? throw new MlflowException(
                ErrorKind.AuthenticationFailed,
                $"There is nothing to sign in to {config.Host.Host} with. {string.Join("; ", candidates.Select(method => $"{method.Name}: {method.Missing(config)}"))}. Set what one of them needs.") { Target = config.Host.Host };
    }

    private string WhyNot(IdentityMethod method) =>
        _config["auth_type"] is { } wanted && wanted != method.Name ? $"auth_type is {wanted}"
        : method.Missing(_config) ?? $"{Method} comes before it";
}
