using System.Diagnostics.CodeAnalysis;
using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using RaftStream.Raft.Wire;

namespace RaftStream.Hosting.Security;

/// <summary>
/// The certificate that clients are shown, and the authorities of theirs, as the files have them now (<see cref="ReloadedFiles{T}"/>); nothing where TLS is off. One a node; any thread.
/// </summary>
internal sealed class ClientCertificates
{
    private const string ClientAuthentication = "1.3.6.1.5.5.7.3.2";
    private const string RolePrefix = "raftstream:role:";
    private const int MaxName = 64;

    private readonly ReloadedFiles<CertificateSet>? _sets;
    private readonly TimeProvider _time;

    /// <exception cref="ReplicaException">A file is missing or cannot be used: one sentence.</exception>
    public ClientCertificates(NodeSettings settings, TimeProvider time, ILogger<ClientCertificates> logger)
    {
        _time = time;
        if (settings.Security.Tls is not { } tls)
            return;
        var files = new CertificateFiles(tls.CertificateFile, tls.KeyFile, tls.AuthorityFile);
        string[] names = tls.AuthorityFile is { } authority ? [tls.CertificateFile, tls.KeyFile, authority] : [tls.CertificateFile, tls.KeyFile];
        _sets = ReloadedFiles<CertificateSet>.Open(
            names,
            ([NotNullWhen(true)] out CertificateSet? set, [NotNullWhen(false)] out string? problem) => CertificateSet.TryLoad(files, isServer: true, time.GetUtcNow().UtcDateTime, out set, out problem),
            time,
            set => logger.CertificateReplaced(settings.Id, tls.CertificateFile, set.Certificate.NotAfter.ToUniversalTime()),
            problem => logger.CertificateNotReplaced(settings.Id, problem));
    }

    /// <summary>What is in force now; null where TLS is off.</summary>
    public CertificateSet? Current => _sets?.Current;

    /// <summary>Whether connections of clients must have TLS.</summary>
    public bool IsOn => _sets is not null;

    /// <summary>Whether clients are asked for certificates.</summary>
    public bool AsksClients => _sets?.Current.Authorities is not null;

    /// <summary>Judges a client's certificate: what a handshake calls. None at all is accepted, since a token may follow.</summary>
    public bool Accepts(object sender, X509Certificate? shown, X509Chain? chain, SslPolicyErrors errors) =>
        shown is null || (shown is X509Certificate2 certificate && IsSigned(certificate));

    /// <summary>
    /// Who shows that certificate; null where it is not signed by an authority of clients, or not valid now. One that names no role may do nothing. Judged anew, since the port may be the program's own,
    /// whose handshakes let through whom they like.
    /// </summary>
    public Principal? PrincipalOf(X509Certificate2 certificate)
    {
        if (!IsSigned(certificate))
            return null;
        var role = AccessRole.None;
        foreach (var uri in CertificateNames.UrisOf(certificate))
        {
            if (uri.StartsWith(RolePrefix, StringComparison.Ordinal) && AccessRoles.Parse(uri[RolePrefix.Length..]) is { } named && named > role)
                role = named;
        }

        return new(NameOf(certificate), role);
    }

    private bool IsSigned(X509Certificate2 certificate)
    {
        if (_sets?.Current.Authorities is not { } authorities)
            return false;
        using var chain = new X509Chain { ChainPolicy = CertificateSet.Policy(authorities) };
        chain.ChainPolicy.ApplicationPolicy.Add(new(ClientAuthentication));
        chain.ChainPolicy.VerificationTime = _time.GetUtcNow().UtcDateTime;
        return chain.Build(certificate);
    }

    /// <summary>Whoever signed it may have let anything into the name: it goes into logs and is a key of limits, so it is short and of one line.</summary>
    private static string NameOf(X509Certificate2 certificate)
    {
        var name = certificate.GetNameInfo(X509NameType.SimpleName, forIssuer: false);
        var clean = string.Concat(name.Take(MaxName).Select(static one => char.IsControl(one) ? '?' : one));
        return "certificate:" + clean;
    }
}
