using System.Diagnostics.CodeAnalysis;
using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace RaftStream.Raft.Wire;

/// <summary>The files of a certificate, each in PEM format.</summary>
/// <param name="Certificate">The certificate, and those that lead from it to its authority.</param>
/// <param name="Key">Its private key, not encrypted.</param>
/// <param name="Authority">The authorities whose signature makes the other side's certificate good; null where there are none of one's own.</param>
internal sealed record CertificateFiles(string Certificate, string Key, string? Authority);

/// <summary>
/// A certificate with its key and the authorities that its owner trusts, as they were in the files at one moment. Immutable; shared by the
/// connections that were made with it, and so left to the garbage collector.
/// </summary>
internal sealed class CertificateSet
{
    private const string ServerAuthentication = "1.3.6.1.5.5.7.3.1";
    private const string ClientAuthentication = "1.3.6.1.5.5.7.3.2";

    private CertificateSet(X509Certificate2 certificate, X509Certificate2Collection intermediates, X509Certificate2Collection? authorities)
    {
        Authorities = authorities;
        Certificate = certificate;
        Context = SslStreamCertificateContext.Create(certificate, intermediates, offline: true);
    }

    /// <summary>The certificate.</summary>
    public X509Certificate2 Certificate { get; }

    /// <summary>The certificate as connections use it, with the certificates that lead to the authority.</summary>
    public SslStreamCertificateContext Context { get; }

    /// <summary>The authorities; null where there is no file of them.</summary>
    public X509Certificate2Collection? Authorities { get; }

    /// <summary>What a certificate must keep to: signed by one of these authorities, whatever else the machine trusts. A policy is not shared between chains.</summary>
    /// <exception cref="InvalidOperationException">There are no authorities.</exception>
    public X509ChainPolicy Policy() => Policy(Authorities ?? throw new InvalidOperationException("A set without authorities has no policy."));

    /// <summary>The same for any authorities.</summary>
    public static X509ChainPolicy Policy(X509Certificate2Collection authorities)
    {
        var policy = new X509ChainPolicy
        {
            TrustMode = X509ChainTrustMode.CustomRootTrust,
            RevocationMode = X509RevocationMode.NoCheck,
            DisableCertificateDownloads = true,
        };
        policy.CustomTrustStore.AddRange(authorities);
        return policy;
    }

    /// <summary>
    /// Reads the files of a node for its peers. False: they do not make a certificate that the peers would accept today, and <paramref name="problem"/> says in
    /// one sentence which file is wrong and what to do. Says nothing of what is in the key.
    /// </summary>
    public static bool TryLoad(NodeId node, PeerTlsOptions files, [NotNullWhen(true)] out CertificateSet? set, [NotNullWhen(false)] out string? problem) =>
        TryLoad(
            new(files.CertificateFile, files.KeyFile, files.AuthorityFile),
            (certificate, chain, authorities) => Judge(node, files, certificate, chain, authorities!),
            out set,
            out problem);

    /// <summary>
    /// Reads the files of whoever serves clients, or is one: who signed the certificate is for the other side to judge, since it may trust somebody else than these files
    /// name. False: as above.
    /// </summary>
    /// <param name="files">The files.</param>
    /// <param name="isServer">Whether it is shown to clients, else to servers.</param>
    /// <param name="now">The time of today, UTC.</param>
    /// <param name="set">What is in them.</param>
    /// <param name="problem">Why not.</param>
    public static bool TryLoad(CertificateFiles files, bool isServer, DateTime now, [NotNullWhen(true)] out CertificateSet? set, [NotNullWhen(false)] out string? problem) =>
        TryLoad(files, (certificate, _, _) => Judge(files, certificate, isServer, now), out set, out problem);

    /// <summary>Reads a file of authorities. False: it holds none.</summary>
    public static bool TryLoadAuthorities(string file, [NotNullWhen(true)] out X509Certificate2Collection? authorities, [NotNullWhen(false)] out string? problem)
    {
        authorities = null;
        if (!TryRead(file, "authority", out var text, out problem) || !TryParse(file, text, out var read, out problem))
            return false;
        authorities = read;
        return true;
    }

    private static bool TryLoad(
        CertificateFiles files, Func<X509Certificate2, X509Certificate2Collection, X509Certificate2Collection?, string?> judge,
        [NotNullWhen(true)] out CertificateSet? set, [NotNullWhen(false)] out string? problem)
    {
        set = null;
        X509Certificate2Collection? authorities = null;
        if (!TryRead(files.Certificate, "certificate", out var certificates, out problem)
            || !TryRead(files.Key, "private key", out var key, out problem)
            || !TryParse(files.Certificate, certificates, out var chain, out problem)
            || (files.Authority is { } file && !TryLoadAuthorities(file, out authorities, out problem))
            || !TryJoin(files, certificates, key, out var certificate, out problem))
        {
            return false;
        }

        problem = judge(certificate, chain, authorities);
        if (problem is not null)
            return false;
        set = new(certificate, [.. chain.Skip(1)], authorities);
        return true;
    }

    private static bool TryRead(string file, string what, out string text, [NotNullWhen(false)] out string? problem)
    {
        (text, problem) = ("", null);
        try
        {
            text = File.ReadAllText(file);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException or ArgumentException)
        {
            problem = $"The {what} file {file} cannot be read ({failure.Message.TrimEnd('.')}): name a file in PEM format that this program may read.";
        }

        return problem is null;
    }

    private static bool TryParse(string file, string text, out X509Certificate2Collection certificates, [NotNullWhen(false)] out string? problem)
    {
        (certificates, problem) = ([], null);
        try
        {
            certificates.ImportFromPem(text);
        }
        catch (CryptographicException)
        {
            certificates.Clear();
        }

        if (certificates.Count == 0)
            problem = $"The file {file} holds no whole certificate in PEM format: write it again.";
        return problem is null;
    }

    private static bool TryJoin(CertificateFiles files, string certificates, string key, [NotNullWhen(true)] out X509Certificate2? certificate, [NotNullWhen(false)] out string? problem)
    {
        (certificate, problem) = (null, null);
        try
        {
            certificate = X509Certificate2.CreateFromPem(certificates, key);
            if (OperatingSystem.IsWindows())
            {
                // Its TLS uses only keys that its key store knows.
                using var loose = certificate;
                certificate = X509CertificateLoader.LoadPkcs12(loose.Export(X509ContentType.Pkcs12), password: null);
            }
        }
        catch (Exception failure) when (failure is CryptographicException or ArgumentException)
        {
            problem = $"The key in {files.Key} does not belong to the first certificate in {files.Certificate}, or is encrypted or damaged: write both again, the key without a password.";
        }

        return problem is null;
    }

    private static string? Judge(NodeId node, PeerTlsOptions files, X509Certificate2 certificate, X509Certificate2Collection chain, X509Certificate2Collection authorities)
    {
        if (!CertificateNames.Names(certificate, node))
            return $"The certificate in {files.CertificateFile} does not name node {node}: issue one that has {CertificateNames.Of(node)} among its subject alternative names.";
        foreach (var usage in new[] { ServerAuthentication, ClientAuthentication })
        {
            using var check = new X509Chain { ChainPolicy = Policy(authorities) };
            check.ChainPolicy.ExtraStore.AddRange(chain);
            check.ChainPolicy.ApplicationPolicy.Add(new(usage));
            if (!check.Build(certificate))
                return Sentence(files, certificate, check);
        }

        return null;
    }

    private static string Sentence(PeerTlsOptions files, X509Certificate2 certificate, X509Chain chain)
    {
        var status = chain.ChainStatus.Aggregate(X509ChainStatusFlags.NoError, static (all, one) => all | one.Status);
        if (status.HasFlag(X509ChainStatusFlags.NotTimeValid))
            return $"The certificate in {files.CertificateFile}, or one it rests on, is not valid today (it is from {certificate.NotBefore:yyyy-MM-dd HH:mm} to {certificate.NotAfter:yyyy-MM-dd HH:mm}): issue a new one, or set the machine's clock.";
        if (status.HasFlag(X509ChainStatusFlags.NotValidForUsage))
            return $"The certificate in {files.CertificateFile} is not for both ends of a connection: issue one with the extended key usages serverAuth and clientAuth, or with none.";
        var reason = chain.ChainStatus.Length > 0 ? chain.ChainStatus[0].StatusInformation.TrimEnd('.', ' ', '\n') : "no reason given";
        return $"The certificate in {files.CertificateFile} is not signed by an authority in {files.AuthorityFile} ({reason}): put the intermediate certificates behind it, or name the right authority.";
    }

    private static string? Judge(CertificateFiles files, X509Certificate2 certificate, bool isServer, DateTime now)
    {
        if (now < certificate.NotBefore.ToUniversalTime() || now > certificate.NotAfter.ToUniversalTime())
            return $"The certificate in {files.Certificate} is not valid today (it is from {certificate.NotBefore:yyyy-MM-dd HH:mm} to {certificate.NotAfter:yyyy-MM-dd HH:mm}): issue a new one, or set the machine's clock.";
        var (usage, name) = isServer ? (ServerAuthentication, "serverAuth") : (ClientAuthentication, "clientAuth");
        var usages = certificate.Extensions.OfType<X509EnhancedKeyUsageExtension>().ToList();
        return usages.Count == 0 || usages.Exists(one => one.EnhancedKeyUsages.Cast<Oid>().Any(oid => oid.Value == usage))
            ? null
            : $"The certificate in {files.Certificate} is not for this end of a connection: issue one with the extended key usage {name}, or with none.";
    }
}
