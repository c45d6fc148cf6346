using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace RaftStream.Raft.Wire;

/// <summary>
/// Which servers a client of ours believes, be it a program or a node that passes a request on: those whose certificate names the host that was dialled and is signed by the authorities, or by one
/// that the machine trusts where none are given; and whoever holds the very certificate that is pinned, which is how nodes that share one know each other.
/// </summary>
/// <param name="authorities">The authorities of this moment; null for those of the machine.</param>
/// <param name="pinned">The certificate that is believed as it is, or null.</param>
internal sealed class ServerTrust(Func<X509Certificate2Collection?> authorities, Func<X509Certificate2?> pinned)
{
    private const string ServerAuthentication = "1.3.6.1.5.5.7.3.1";

    /// <summary>Judges a server's certificate: what a handshake calls.</summary>
    public bool Accepts(object sender, X509Certificate? shown, X509Chain? chain, SslPolicyErrors errors)
    {
        if (shown is not X509Certificate2 certificate)
            return false;
        if (pinned() is { } same && CryptographicOperations.FixedTimeEquals(certificate.RawDataMemory.Span, same.RawDataMemory.Span))
            return true;
        if (errors.HasFlag(SslPolicyErrors.RemoteCertificateNameMismatch))
            return false;
        if (authorities() is not { } roots)
            return errors == SslPolicyErrors.None;
        using var own = new X509Chain { ChainPolicy = CertificateSet.Policy(roots) };
        own.ChainPolicy.ApplicationPolicy.Add(new(ServerAuthentication));
        if (chain is not null)
            own.ChainPolicy.ExtraStore.AddRange(chain.ChainPolicy.ExtraStore);
        return own.Build(certificate);
    }
}
