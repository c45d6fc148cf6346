using System.Diagnostics.CodeAnalysis;
using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using RaftStream.Raft.Wire;

namespace RaftStream.Client.Connections;

/// <summary>Puts TLS on connections to nodes, by what the files say now. One a client; any thread.</summary>
internal sealed class TlsDialler
{
    private const SslProtocols Versions = SslProtocols.Tls12 | SslProtocols.Tls13;

    private readonly ReloadedFiles<X509Certificate2Collection>? _authorities;
    private readonly ReloadedFiles<CertificateSet>? _own;
    private readonly ServerTrust _trust;

    /// <exception cref="ArgumentException">A file is missing or cannot be used: one sentence.</exception>
    public TlsDialler(RaftStreamClientTls files, TimeProvider time)
    {
        if (files.CertificateFile is null != files.KeyFile is null)
            throw new ArgumentException("A client's certificate and its key belong together: give both files or neither.");
        if (files.AuthorityFile is { } authority)
            _authorities = Open<X509Certificate2Collection>([authority], ([NotNullWhen(true)] out X509Certificate2Collection? read, [NotNullWhen(false)] out string? problem) => CertificateSet.TryLoadAuthorities(authority, out read, out problem), time);
        if (files is { CertificateFile: { } certificate, KeyFile: { } key })
        {
            var own = new CertificateFiles(certificate, key, null);
            _own = Open<CertificateSet>([certificate, key], ([NotNullWhen(true)] out CertificateSet? set, [NotNullWhen(false)] out string? problem) => CertificateSet.TryLoad(own, isServer: false, time.GetUtcNow().UtcDateTime, out set, out problem), time);
        }

        _trust = new(() => _authorities?.Current, static () => null);
    }

    /// <summary>How a handshake goes that begins now.</summary>
    /// <param name="host">Whom the certificate must name; null where the caller's caller says it.</param>
    public SslClientAuthenticationOptions Options(string? host) => new()
    {
        TargetHost = host,
        EnabledSslProtocols = Versions,
        ClientCertificateContext = _own?.Current.Context,
        RemoteCertificateValidationCallback = _trust.Accepts,
    };

    /// <summary>Secures a connection, which it owns from now on.</summary>
    /// <exception cref="AuthenticationException">The node's certificate is not good, or it does not accept ours.</exception>
    /// <exception cref="IOException">The connection broke or ended.</exception>
    public async Task<Stream> SecureAsync(Stream plain, string host, CancellationToken cancellationToken)
    {
        var stream = new SslStream(plain, leaveInnerStreamOpen: false);
        try
        {
            await stream.AuthenticateAsClientAsync(Options(host), cancellationToken).ConfigureAwait(false);
            return stream;
        }
        catch
        {
            await stream.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    // What is wrong with new files the client has no log to say in: it goes on with the old ones until they are refused.
    private static ReloadedFiles<T> Open<T>(string[] files, FileLoader<T> load, TimeProvider time)
        where T : class =>
        ReloadedFiles<T>.TryOpen(files, load, time, static _ => { }, static _ => { }, out var opened, out var problem) ? opened : throw new ArgumentException(problem);
}
