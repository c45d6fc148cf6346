using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace RaftStream.Raft.Tests.Wire;

/// <summary>A certificate authority in a folder, for tests: issues what nodes need, and what they must not accept.</summary>
internal sealed class TestAuthority
{
    private static readonly Oid ServerUsage = new("1.3.6.1.5.5.7.3.1");
    private static readonly Oid ClientUsage = new("1.3.6.1.5.5.7.3.2");

    private readonly string _folder;
    private readonly X509Certificate2 _root;
    private int _files;

    public TestAuthority(string folder, string name = "tests")
    {
        (_folder, Name) = (folder, name);
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        _root = Authority($"CN={name} root", key).CreateSelfSigned(Now.AddDays(-2), Now.AddDays(30));
        File.WriteAllText(AuthorityFile, _root.ExportCertificatePem());
    }

    public string Name { get; }

    public string AuthorityFile => Path.Combine(_folder, $"{Name}-ca.pem");

    private static DateTimeOffset Now => DateTimeOffset.UtcNow;

    /// <summary>Files for a node, good for a day unless said otherwise.</summary>
    public PeerTlsOptions Issue(int node, string? dnsName = null, string? uri = null, TimeSpan? until = null, bool isOnlyServer = false, bool isIndirect = false)
    {
        var number = Interlocked.Increment(ref _files);
        var files = new PeerTlsOptions
        {
            CertificateFile = Path.Combine(_folder, $"{Name}-{node}-{number}.pem"),
            KeyFile = Path.Combine(_folder, $"{Name}-{node}-{number}.key"),
            AuthorityFile = AuthorityFile,
        };
        Write(files, uri is null ? dnsName ?? $"node-{node}" : null, uri, until ?? TimeSpan.FromDays(1), isOnlyServer, isIndirect);
        return files;
    }

    /// <summary>Puts a new certificate for the node in place of the one in these files; returns its serial number.</summary>
    public string Renew(PeerTlsOptions files, int node) => Write(files, $"node-{node}", null, TimeSpan.FromDays(2), isOnlyServer: false, isIndirect: false);

    private static CertificateRequest Authority(string subject, ECDsa key)
    {
        var request = new CertificateRequest(subject, key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(certificateAuthority: true, hasPathLengthConstraint: false, 0, critical: true));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, critical: false));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign, critical: true));
        return request;
    }

    private string Write(PeerTlsOptions files, string? dnsName, string? uri, TimeSpan until, bool isOnlyServer, bool isIndirect)
    {
        var signer = _root;
        var chain = "";
        if (isIndirect)
        {
            using var middleKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
            using var middle = Authority($"CN={Name} middle", middleKey).Create(_root, Now.AddDays(-1), Now.AddDays(10), RandomNumberGenerator.GetBytes(8));
            signer = middle.CopyWithPrivateKey(middleKey);
            chain = signer.ExportCertificatePem();
        }

        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=a node", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        if (dnsName is not null)
            names.AddDnsName(dnsName);
        if (uri is not null)
            names.AddUri(new(uri, UriKind.RelativeOrAbsolute));
        request.CertificateExtensions.Add(names.Build());
        OidCollection usages = isOnlyServer ? [ServerUsage] : [ServerUsage, ClientUsage];
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension(usages, critical: false));
        using var certificate = request.Create(signer, Now.AddDays(-1), Now + until, RandomNumberGenerator.GetBytes(8));
        File.WriteAllText(files.KeyFile, key.ExportPkcs8PrivateKeyPem());
        File.WriteAllText(files.CertificateFile, $"{certificate.ExportCertificatePem()}\n{chain}\n");
        return certificate.SerialNumber;
    }
}
