using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;

namespace RaftStream.Raft.Wire;

/// <summary>A connection that is ready for greetings.</summary>
/// <param name="Stream">What to read and write.</param>
/// <param name="Certificate">The certificate that the peer showed; null without TLS.</param>
/// <param name="Lifetime">For how long the certificates on both sides are good; endless without TLS.</param>
internal sealed record SecuredStream(Stream Stream, X509Certificate2? Certificate, TimeSpan Lifetime) : IAsyncDisposable
{
    /// <summary>A connection without TLS.</summary>
    public static SecuredStream Plain(Stream stream) => new(stream, null, Timeout.InfiniteTimeSpan);

    /// <summary>Whether whoever is at the other end may be that node.</summary>
    public bool Names(NodeId node) => Certificate is null || CertificateNames.Names(Certificate, node);

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await Stream.DisposeAsync();
        Certificate?.Dispose();
    }
}

/// <summary>Puts TLS on connections, both ends proving who they are, if the node has certificates; else leaves them plain.</summary>
internal sealed class PeerTls(PeerCertificates? certificates)
{
    private const SslProtocols Versions = SslProtocols.Tls12 | SslProtocols.Tls13;

    /// <summary>Whether connections must have TLS.</summary>
    public bool IsOn => certificates is not null;

    /// <summary>Secures a connection that this node dialled to <paramref name="peer"/>.</summary>
    /// <exception cref="AuthenticationException">The two sides do not trust each other; the message is the end of a sentence.</exception>
    /// <exception cref="IOException">The connection broke or ended.</exception>
    /// <exception cref="OperationCanceledException">The caller's time is up.</exception>
    public async Task<SecuredStream> DialAsync(Stream plain, NodeId peer, CancellationToken cancellationToken)
    {
        if (certificates is null)
            return SecuredStream.Plain(plain);
        var set = certificates.Current();
        var verdict = new Verdict();
        return await SecureAsync(plain, set, verdict, stream => stream.AuthenticateAsClientAsync(
            new()
            {
                // Only told to the other side: whether the certificate names the node is judged with its greeting.
                TargetHost = CertificateNames.Of(peer),
                ClientCertificateContext = set.Context,
                CertificateChainPolicy = set.Policy(),
                EnabledSslProtocols = Versions,
                AllowTlsResume = false,
                RemoteCertificateValidationCallback = verdict.Accepts,
            },
            cancellationToken));
    }

    /// <summary>Secures a connection that was accepted.</summary>
    /// <exception cref="AuthenticationException">The two sides do not trust each other; the message is the end of a sentence.</exception>
    /// <exception cref="IOException">The connection broke or ended.</exception>
    /// <exception cref="OperationCanceledException">The caller's time is up.</exception>
    public async Task<SecuredStream> AcceptAsync(Stream plain, CancellationToken cancellationToken)
    {
        if (certificates is null)
            return SecuredStream.Plain(plain);
        var set = certificates.Current();
        var verdict = new Verdict();
        return await SecureAsync(plain, set, verdict, stream => stream.AuthenticateAsServerAsync(
            new()
            {
                ServerCertificateContext = set.Context,
                ClientCertificateRequired = true,
                CertificateChainPolicy = set.Policy(),
                EnabledSslProtocols = Versions,
                AllowTlsResume = false,
                RemoteCertificateValidationCallback = verdict.Accepts,
            },
            cancellationToken));
    }

    /// <summary>Whether a connection that was just accepted opens as a greeting without TLS does. Takes nothing from it.</summary>
    public static async Task<bool> IsPlainGreetingAsync(Socket socket, CancellationToken cancellationToken)
    {
        var first = new byte[1];
        return await socket.ReceiveAsync(first, SocketFlags.Peek, cancellationToken) == 1 && first[0] == Handshake.FirstByte;
    }

    private async Task<SecuredStream> SecureAsync(Stream plain, CertificateSet set, Verdict verdict, Func<SslStream, Task> authenticate)
    {
        var stream = new SslStream(plain, leaveInnerStreamOpen: true);
        try
        {
            await authenticate(stream);
            var certificate = X509CertificateLoader.LoadCertificate(stream.RemoteCertificate!.GetRawCertData());
            var left = certificates!.TimeLeft(set.Certificate.NotAfter < certificate.NotAfter ? set.Certificate.NotAfter : certificate.NotAfter);
            return new(stream, certificate, left > TimeSpan.Zero ? left : TimeSpan.Zero);
        }
        catch (Exception failure)
        {
            await stream.DisposeAsync();
            if (failure is AuthenticationException && verdict.Reason is { } reason)
                throw new AuthenticationException(reason, failure);
            throw;
        }
    }

    /// <summary>What the platform found of one connection's certificate, in words.</summary>
    private sealed class Verdict
    {
        public string? Reason { get; private set; }

        public bool Accepts(object sender, X509Certificate? certificate, X509Chain? chain, SslPolicyErrors errors)
        {
            if (certificate is null)
                Reason = "the other side showed no certificate";
            else if (errors.HasFlag(SslPolicyErrors.RemoteCertificateChainErrors))
                Reason = $"the other side's certificate is not accepted ({Status(chain)})";
            return certificate is not null && (errors & ~SslPolicyErrors.RemoteCertificateNameMismatch) == SslPolicyErrors.None;
        }

        private static string Status(X509Chain? chain) =>
            chain is { ChainStatus.Length: > 0 } ? string.Join(", ", chain.ChainStatus.Select(static status => status.StatusInformation.TrimEnd('.', ' ', '\n')).Distinct(StringComparer.Ordinal)) : "no reason given";
    }
}
