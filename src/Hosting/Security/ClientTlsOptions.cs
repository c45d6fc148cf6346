namespace RaftStream.Hosting;

/// <summary>
/// TLS on the ports for clients, from files in PEM format that are read again when they change: write new ones, and new connections use them within seconds. The same options, with files of its own,
/// on all nodes.
/// </summary>
/// <remarks>
/// Nodes pass requests on to each other's HTTP port: each believes a node whose certificate names the host that is dialled and is signed by the <see cref="AuthorityFile"/>, without one by an authority that
/// the machine trusts, or that shows the very certificate that it has itself.
/// </remarks>
public sealed record ClientTlsOptions
{
    /// <summary>The certificate that is shown to clients, with the names by which they and the other nodes dial this one, followed by the intermediate certificates that lead from it to its authority, if any.</summary>
    public required string CertificateFile { get; init; }

    /// <summary>The certificate's private key, not encrypted: let only the node's user read this file.</summary>
    public required string KeyFile { get; init; }

    /// <summary>
    /// The authorities of the certificates of clients, and of nodes on the ports for clients; null for none. With it clients are asked for a certificate, may show one, and may then do what the URI
    /// <c>raftstream:role:read</c>, <c>:write</c> or <c>:admin</c> among its subject alternative names says. A client's certificate is signed by one of these directly; intermediate ones belong into this file.
    /// </summary>
    public string? AuthorityFile { get; init; }
}
