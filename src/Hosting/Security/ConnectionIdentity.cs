using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace RaftStream.Hosting.Security;

/// <summary>
/// Who is at the other end of one connection. What was found out is kept for its requests, as long as the tokens are those of then and the certificate is valid: a token that is revoked, or a certificate that runs out,
/// ends what the connection may do, not only what the next one may. Any thread; lives as long as the connection.
/// </summary>
internal sealed class ConnectionIdentity(AccessControl access, Func<X509Certificate2?> certificate, TimeProvider time)
{
    private volatile KnownToken? _token;
    private volatile KnownCertificate? _certificate;

    /// <summary>
    /// Who holds that token; null where nobody does. The one that was right last on this connection is compared in constant time and not hashed again.
    /// </summary>
    public Principal? Of(ReadOnlySpan<byte> token)
    {
        if (access.IsOpen)
            return Principal.Anyone;
        var table = access.Tokens;
        if (_token is { } known && ReferenceEquals(known.Table, table) && CryptographicOperations.FixedTimeEquals(known.Token, token))
            return known.Principal;
        var principal = table?.Find(token);
        if (principal is not null)
            _token = new(token.ToArray(), table, principal);
        return principal;
    }

    /// <summary>Who the connection itself is: by its certificate, or anyone where everybody may do everything; null where nobody knows.</summary>
    public Principal? OfConnection()
    {
        if (access.IsOpen)
            return Principal.Anyone;
        if (_certificate is not { } known)
            _certificate = known = Judge(certificate());
        return known.Principal is { } principal && time.GetUtcNow() < known.Until ? principal : null;
    }

    private KnownCertificate Judge(X509Certificate2? shown) =>
        shown is null ? new(null, default) : new(access.OfCertificate(shown), new DateTimeOffset(shown.NotAfter).ToUniversalTime());

    private sealed record KnownToken(byte[] Token, TokenTable? Table, Principal Principal);

    private sealed record KnownCertificate(Principal? Principal, DateTimeOffset Until);
}
