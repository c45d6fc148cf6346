using System.Diagnostics.CodeAnalysis;
using Microsoft.Extensions.Logging;

namespace RaftStream.Raft.Wire;

/// <summary>The certificate in force, and its files, which are looked at when a connection is made (<see cref="ReloadedFiles{T}"/>). One a transport; any thread.</summary>
internal sealed class PeerCertificates
{
    /// <summary>Between two looks at the files.</summary>
    public static readonly TimeSpan CheckEvery = ReloadedFiles<CertificateSet>.CheckEvery;

    private readonly NodeId _node;
    private readonly PeerTlsOptions _files;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly ReloadedFiles<CertificateSet> _sets;
    private CertificateSet? _saidExpired;

    private PeerCertificates(NodeId node, PeerTlsOptions files, ReloadedFiles<CertificateSet> sets, TimeProvider time, ILogger logger) =>
        (_node, _files, _sets, _time, _logger) = (node, files, sets, time, logger);

    /// <summary>Reads the files for the first time.</summary>
    /// <exception cref="ReplicaException">A file is missing, or the peers would not accept this certificate.</exception>
    public static PeerCertificates Open(NodeId node, PeerTlsOptions files, TransportCounters counters, TimeProvider time, ILogger logger)
    {
        var sets = ReloadedFiles<CertificateSet>.Open(
            [files.CertificateFile, files.KeyFile, files.AuthorityFile],
            ([NotNullWhen(true)] out CertificateSet? set, [NotNullWhen(false)] out string? problem) => CertificateSet.TryLoad(node, files, out set, out problem),
            time,
            set =>
            {
                counters.Rotated();
                logger.CertificateRotated(node, files.CertificateFile, set.Certificate.NotAfter.ToUniversalTime());
            },
            problem => logger.CertificateKept(node, problem));
        return new(node, files, sets, time, logger);
    }

    /// <summary>The certificate for a connection that is made now.</summary>
    public CertificateSet Current()
    {
        var current = _sets.Current;
        if (TimeLeft(current.Certificate.NotAfter) <= TimeSpan.Zero && Interlocked.Exchange(ref _saidExpired, current) != current)
            _logger.CertificateExpired(_node, _files.CertificateFile, current.Certificate.NotAfter.ToUniversalTime());
        return current;
    }

    /// <summary>How long it is until then; below zero afterwards.</summary>
    public TimeSpan TimeLeft(DateTime notAfter) => notAfter.ToUniversalTime() - _time.GetUtcNow().UtcDateTime;
}
