namespace RaftStream.Client;

/// <summary>TLS to the nodes' port, from files in PEM format, which are read again when they change.</summary>
public sealed record RaftStreamClientTls
{
    /// <summary>The authorities whose signature makes a node's certificate good; null for those that the machine trusts. The certificate must also name the host that is dialled.</summary>
    public string? AuthorityFile { get; init; }

    /// <summary>The certificate that the client shows, followed by the intermediate certificates that lead from it to its authority, if any; null for none.</summary>
    public string? CertificateFile { get; init; }

    /// <summary>Its private key, not encrypted; given together with <see cref="CertificateFile"/>.</summary>
    public string? KeyFile { get; init; }
}
