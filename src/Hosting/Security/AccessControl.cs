using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography.X509Certificates;
using RaftStream.Raft.Wire;

namespace RaftStream.Hosting.Security;

/// <summary>
/// Tells who asks: by a token of the file, which is read again when it changes (<see cref="ReloadedFiles{T}"/>), or by a certificate. One a node, for all its ports; any thread.
/// </summary>
internal sealed class AccessControl
{
    private readonly ReloadedFiles<TokenTable>? _tokens;
    private readonly ClientCertificates _certificates;

    /// <exception cref="ReplicaException">The file of tokens cannot be used: one sentence.</exception>
    public AccessControl(NodeSettings settings, ClientCertificates certificates, TimeProvider time, ILogger<AccessControl> logger)
    {
        _certificates = certificates;
        IsOpen = !settings.Security.IsClosed;
        if (settings.Security.TokensFile is not { } file)
            return;
        _tokens = ReloadedFiles<TokenTable>.Open(
            [file],
            ([NotNullWhen(true)] out TokenTable? table, [NotNullWhen(false)] out string? problem) => TokenTable.TryRead(file, out table, out problem),
            time,
            table => logger.TokensReplaced(settings.Id, file, table.Entries.Count),
            problem => logger.TokensNotReplaced(settings.Id, problem));
    }

    /// <summary>Whether everybody may do everything, since there are neither tokens nor authorities of clients by which anybody could be told apart.</summary>
    public bool IsOpen { get; }

    /// <summary>The tokens of this moment; null where there are none. Another object once the file was read again, so that what was found in this one can be kept as long as it is the same.</summary>
    public TokenTable? Tokens => _tokens?.Current;

    /// <summary>Who holds that token; null where nobody does. The time that takes says nothing of the tokens there are.</summary>
    public Principal? Authenticate(ReadOnlySpan<byte> token) => IsOpen ? Principal.Anyone : Tokens?.Find(token);

    /// <summary>Who shows that certificate; null for no certificate, and for one that is not good.</summary>
    public Principal? OfCertificate(X509Certificate2? certificate) =>
        IsOpen ? Principal.Anyone : certificate is null ? null : _certificates.PrincipalOf(certificate);
}
