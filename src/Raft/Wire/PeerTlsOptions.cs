namespace RaftStream.Raft;

/// <summary>
/// Mutual TLS between the nodes of a cluster, from files in PEM format. Either all nodes have it or none. The files are read again when
/// they change, so certificates are replaced without a restart: write the new ones, and new connections use them within seconds, all
/// others within an hour.
/// </summary>
/// <remarks>
/// Both ends of every connection present a certificate that must chain to the authority (nothing else on the machine is trusted; revocation
/// is not looked up: keep certificates short-lived), be valid today, and name the node: a DNS name <c>node-7</c> among its subject
/// alternative names, or a URI that is or ends in <c>/node-7</c>, for node 7. If it has extended key usages, they must include
/// both server and client authentication.
/// </remarks>
public sealed record PeerTlsOptions
{
    /// <summary>The node's certificate, followed by the intermediate certificates that lead from it to the authority, if any.</summary>
    public required string CertificateFile { get; init; }

    /// <summary>The certificate's private key, not encrypted: let only the node's user read this file.</summary>
    public required string KeyFile { get; init; }

    /// <summary>The certificates of the authorities whose signature makes a peer's certificate good; two while one replaces the other.</summary>
    public required string AuthorityFile { get; init; }
}
