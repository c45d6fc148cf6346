using Microsoft.Extensions.Logging;

namespace RaftStream.Raft.Wire;

/// <summary>
/// The certificate in force, and its files, which it looks at when a connection is made: at most every <see cref="CheckEvery"/>, and by
/// time and length, since notices from the file system get lost on the way through network drives and containers' mounts. One a
/// transport; any thread.
/// </summary>
/// <remarks>
/// New files are taken as a whole or not at all: a half-written certificate, or a new one beside the old key, leaves the old pair in force
/// and costs one sentence; the next look tries again.
/// </remarks>
internal sealed class PeerCertificates
{
    /// <summary>Between two looks at the files.</summary>
    public static readonly TimeSpan CheckEvery = TimeSpan.FromSeconds(2);

    private readonly NodeId _node;
    private readonly PeerTlsOptions _files;
    private readonly TransportCounters _counters;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly Lock _gate = new();
    private CertificateSet _current;
    private FileStamps _stamps;
    private long _checkedAt;
    private string? _lastProblem;
    private bool _isExpirySaid;

    private PeerCertificates(NodeId node, PeerTlsOptions files, CertificateSet first, FileStamps stamps, TransportCounters counters, TimeProvider time, ILogger logger)
    {
        (_node, _files, _current, _stamps, _counters, _time, _logger) = (node, files, first, stamps, counters, time, logger);
        _checkedAt = time.GetTimestamp();
    }

    /// <summary>Reads the files for the first time.</summary>
    /// <exception cref="ReplicaException">A file is missing, or the peers would not accept this certificate.</exception>
    public static PeerCertificates Open(NodeId node, PeerTlsOptions files, TransportCounters counters, TimeProvider time, ILogger logger)
    {
        var stamps = FileStamps.Of(files);
        return CertificateSet.TryLoad(node, files, out var set, out var problem)
            ? new(node, files, set, stamps, counters, time, logger)
            : throw new ReplicaException(problem);
    }

    /// <summary>The certificate for a connection that is made now.</summary>
    public CertificateSet Current()
    {
        lock (_gate)
        {
            if (_time.GetElapsedTime(_checkedAt) < CheckEvery)
                return _current;
            _checkedAt = _time.GetTimestamp();
            var stamps = FileStamps.Of(_files);
            if (stamps != _stamps || _lastProblem is not null)
                Reload(stamps);
            if (!_isExpirySaid && TimeLeft(_current.Certificate.NotAfter) <= TimeSpan.Zero)
            {
                _isExpirySaid = true;
                _logger.CertificateExpired(_node, _files.CertificateFile, _current.Certificate.NotAfter.ToUniversalTime());
            }

            return _current;
        }
    }

    /// <summary>How long it is until then; below zero afterwards.</summary>
    public TimeSpan TimeLeft(DateTime notAfter) => notAfter.ToUniversalTime() - _time.GetUtcNow().UtcDateTime;

    private void Reload(FileStamps stamps)
    {
        if (CertificateSet.TryLoad(_node, _files, out var set, out var problem))
        {
            (_current, _stamps, _lastProblem, _isExpirySaid) = (set, stamps, null, false);
            _counters.Rotated();
            _logger.CertificateRotated(_node, _files.CertificateFile, set.Certificate.NotAfter.ToUniversalTime());
        }
        else
        {
            if (!string.Equals(problem, _lastProblem, StringComparison.Ordinal))
                _logger.CertificateKept(_node, problem);
            (_stamps, _lastProblem) = (stamps, problem);
        }
    }

    /// <summary>What the files looked like: a missing one has the time of no file and no length.</summary>
    private readonly record struct FileStamps(DateTime Certificate, long CertificateLength, DateTime Key, long KeyLength, DateTime Authority, long AuthorityLength)
    {
        public static FileStamps Of(PeerTlsOptions files)
        {
            var (certificate, key, authority) = (new FileInfo(files.CertificateFile), new FileInfo(files.KeyFile), new FileInfo(files.AuthorityFile));
            return new(certificate.LastWriteTimeUtc, LengthOf(certificate), key.LastWriteTimeUtc, LengthOf(key), authority.LastWriteTimeUtc, LengthOf(authority));
        }

        private static long LengthOf(FileInfo file) => file.Exists ? file.Length : -1;
    }
}
