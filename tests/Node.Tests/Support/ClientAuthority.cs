using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace RaftStream.Node.Tests.Support;

/// <summary>The files of a certificate that a test issued.</summary>
internal sealed record IssuedFiles(string Certificate, string Key);

/// <summary>An authority in a folder, for tests: issues what nodes show to clients and clients to nodes, and what neither must accept.</summary>
internal sealed class ClientAuthority
{
    private static readonly Oid ServerUsage = new("1.3.6.1.5.5.7.3.1");
    private static readonly Oid ClientUsage = new("1.3.6.1.5.5.7.3.2");

    private readonly string _folder;
    private readonly string _name;
    private readonly X509Certificate2 _root;
    private int _files;

    public ClientAuthority(string folder, string name)
    {
        (_folder, _name) = (folder, name);
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(certificateAuthority: true, hasPathLengthConstraint: false, 0, critical: true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign, critical: true));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, critical: false));
        _root = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-3), DateTimeOffset.UtcNow.AddDays(30));
        File.WriteAllText(AuthorityFile, _root.ExportCertificatePem());
    }

    /// <summary>The authority's own certificate.</summary>
    public string AuthorityFile => Path.Combine(_folder, $"{_name}-ca.pem");

    /// <summary>What a node on loopback shows.</summary>
    public IssuedFiles Server() => Issue("a node", ServerUsage, DateTimeOffset.UtcNow.AddDays(1), static names =>
    {
        names.AddDnsName("localhost");
        names.AddIpAddress(IPAddress.Loopback);
    });

    /// <summary>What a client shows, which may do what <paramref name="role"/> says, or names none.</summary>
    public IssuedFiles Client(string name, string? role, TimeSpan? until = null) =>
        Issue(name, ClientUsage, DateTimeOffset.UtcNow + (until ?? TimeSpan.FromDays(1)), names => names.AddUri(new(role is null ? "raftstream:nothing" : "raftstream:role:" + role)));

    private IssuedFiles Issue(string name, Oid usage, DateTimeOffset until, Action<SubjectAlternativeNameBuilder> addNames)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        addNames(names);
        request.CertificateExtensions.Add(names.Build());
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([usage], critical: false));
        using var certificate = request.Create(_root, DateTimeOffset.UtcNow.AddDays(-2), until, RandomNumberGenerator.GetBytes(8));
        var number = Interlocked.Increment(ref _files);
        var files = new IssuedFiles(Path.Combine(_folder, $"{_name}-{number}.pem"), Path.Combine(_folder, $"{_name}-{number}.key"));
        File.WriteAllText(files.Certificate, certificate.ExportCertificatePem());
        File.WriteAllText(files.Key, key.ExportPkcs8PrivateKeyPem());
        return files;
    }
}
