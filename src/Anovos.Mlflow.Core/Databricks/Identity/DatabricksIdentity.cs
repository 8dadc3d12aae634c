using Anovos.Mlflow.Http;
using Anovos.Mlflow.Identity;

namespace Anovos.Mlflow.Databricks;

/// <summary>
/// The identity for a workspace: signs in with the method in <c>auth_type</c>, or the first method with all its settings. If a configured
/// method fails, no other is tried. If no one is signed in with a program that the machine may have anyway, the next such program is.
/// </summary>
internal sealed class DatabricksIdentity : IRequestIdentity, IEquatable<DatabricksIdentity>
{
    private readonly DatabricksConfig _config;
    private readonly SignIn[] _candidates;
    private volatile int _current;

    /// <summary>Chooses the method; no request is sent yet.</summary>
    /// <exception cref="MlflowException">
    /// <see cref="ErrorKind.AuthenticationFailed"/> if no method can be used; the message gives the reason for each method.
    /// </exception>
    public DatabricksIdentity(DatabricksConfig config, ConnectionOptions options, Func<DateTimeOffset>? clock = null)
    {
        clock ??= () => DateTimeOffset.UtcNow;
        _config = config;
        options.Redactor.Add(config.Secrets);
        _candidates = [.. IdentityChoice.Of(config).Select(method => new SignIn(method, config, options, clock))];
    }

    /// <inheritdoc/>
    public string Method => Current.Method.Name;

    /// <inheritdoc/>
    public IReadOnlyList<string> NotUsed =>
        [.. IdentityMethod.All.Where(method => method != Current.Method).Select(method => $"{method.Name}: {WhyNot(method)}")];

    /// <inheritdoc/>
    public string Description => $"{Who} for {_config.Host.Host}";

    /// <summary>The source of the method's settings: variables, a profile. Null if it needs none.</summary>
    public string? Source
    {
        get
        {
            string[] settings = [.. Current.Method.Settings, .. Current.Method.MaySet.Where(name => _config[name] is not null)];
            return settings.Length == 0 ? null : string.Join(", ", settings.Select(_config.SourceOf).Distinct());
        }
    }

    private SignIn Current => _candidates[_current];

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
        List<string> signedOut = [];
        for (int candidate = _current; ; candidate++)
        {
            try
            {
                await _candidates[candidate].AuthenticateAsync(request, cancellationToken).ConfigureAwait(false);
                return;
            }
            catch (NotSignedInException e) when (candidate + 1 < _candidates.Length)
            {
                signedOut.Add($" {e.Message}");
                _current = candidate + 1;
            }
            catch (NotSignedInException e)
            {
                var signedOutToo = new MlflowException(ErrorKind.AuthenticationFailed, e.Message, e);
                MlflowException failure = Failed(signedOutToo, string.Concat(signedOut));
                _current = 0;
                throw failure;
            }
            catch (MlflowException e)
            {
                throw Failed(e, "");
            }
        }
    }

    /// <inheritdoc/>
    public bool Forget(HttpRequestMessage refused) => Current.Forget(refused);

    /// <inheritdoc/>
    public string AdviceOn(Refusal refusal) => WorkspaceRefusal.Advice(refusal, _config.Host.Host, Method, Who);

    private MlflowException Failed(MlflowException e, string before) =>
        e.Rewrap($"Signing in to {_config.Host.Host} as {Who} failed: {e.Message}{before}", target: _config.Host.Host);

    private string WhyNot(IdentityMethod method) =>
        _config["auth_type"] is { } wanted && wanted != method.Name ? $"auth_type is {wanted}"
        : method.Missing(_config) is { } missing ? missing
        : _candidates.Take(_current).Any(candidate => candidate.Method == method) ? "no one is signed in"
        : $"{Method} takes precedence";
}
