namespace RaftStream.Raft.Core;

/// <summary>Handing leadership over (dissertation 3.10): no new proposals, the target catches up, then it is told to stand at once.</summary>
/// <remarks>
/// [safety] The target's requests for votes override the voters' refusal on behalf of a living leader, on which leases rest. So the
/// lease is given up first, and for the rest of the term: a request that was delayed may arrive long after the transfer was given up.
/// </remarks>
internal sealed class Transfer(CoreOptions options)
{
    private readonly TimeSpan _firstPause = 4 * options.ElectionTimeout;
    private readonly TimeSpan _longestPause = 256 * options.ElectionTimeout;
    private TimeSpan _pause = 4 * options.ElectionTimeout;
    private Instant _until;

    /// <summary>To whom; nobody while no transfer is under way.</summary>
    public NodeId Target { get; private set; }

    /// <summary>Whether leadership is being handed over.</summary>
    public bool IsUnderWay => Target != NodeId.None;

    /// <summary>
    /// When the leader may next hand over of its own accord. The pause doubles with each transfer, also from one term to the next, and is forgotten after
    /// a long calm. Counter-example without this: the voter of the highest priority answers heartbeats and cannot win, its disk hangs or it
    /// hears nobody but the leader; each heartbeat would begin another transfer, and no proposal would ever be taken again.
    /// </summary>
    public Instant AgainAt { get; private set; }

    /// <summary>Who was to take over last time and did not; nobody if the last one did, or there was none.</summary>
    public NodeId Failed { get; private set; }

    /// <summary>Whether the target was told since the last heartbeat.</summary>
    public bool IsTold { get; set; }

    /// <summary>Whether the lease of this term was given up.</summary>
    public bool GaveLeaseUp { get; private set; }

    /// <summary>A term of leadership begins.</summary>
    public void Reset() => (Target, Failed, GaveLeaseUp, IsTold) = (NodeId.None, NodeId.None, false, false);

    /// <summary>Begins to hand over.</summary>
    public void Begin(NodeId target, Instant now)
    {
        (Target, GaveLeaseUp, IsTold, _until) = (target, true, false, now + options.ElectionTimeout);
        if (now - AgainAt > 4 * _pause)
            _pause = _firstPause;
        AgainAt = now + _pause;
        _pause = _pause * 2 < _longestPause ? _pause * 2 : _longestPause;
    }

    /// <summary>A heartbeat: the target is told again. Where nobody took over in time, or the target is no voter any more, this leader goes on.</summary>
    public void Tick(Configuration configuration, Instant now)
    {
        IsTold = false;
        if (IsUnderWay && (now >= _until || configuration.Find(Target) is not { IsVoter: true }))
            (Failed, Target) = (Target, NodeId.None);
    }

    public void CopyTo(Transfer other)
    {
        (other._until, other.Target, other.GaveLeaseUp, other.IsTold) = (_until, Target, GaveLeaseUp, IsTold);
        (other._pause, other.AgainAt, other.Failed) = (_pause, AgainAt, Failed);
    }

    public void AddTo(ref Fingerprint fingerprint)
    {
        fingerprint.Add(Target.Value);
        fingerprint.Add((GaveLeaseUp ? 1 : 0) + (IsTold ? 2 : 0));
        fingerprint.Add(Failed.Value);
    }
}
