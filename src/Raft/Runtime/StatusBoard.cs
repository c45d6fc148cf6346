using RaftStream.Raft.Core;

namespace RaftStream.Raft.Runtime;

/// <summary>
/// Where the replica stands, for other threads to read: an immutable record, made anew by the consensus thread when something
/// changed, at once for a change of role or leader, else no more often than every few milliseconds.
/// </summary>
internal sealed class StatusBoard
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(5);

    private readonly Replica _replica;
    private readonly NodeId _id;
    private readonly MembersView _members;
    private volatile RaftStatus _current;
    private Instant _nextAt;
    private bool _isStale;

    public StatusBoard(Replica replica, NodeId id, CoreOptions options)
    {
        (_replica, _id, _members) = (replica, id, new(replica.Consensus.Core, options));
        _current = Make(default);
    }

    /// <summary>The newest record. From any thread.</summary>
    public RaftStatus Current => _current;

    /// <summary>Publishes if it is time. By the consensus thread.</summary>
    public void Publish(Instant now, bool somethingHappened)
    {
        _isStale |= somethingHappened;
        var core = _replica.Consensus.Core;
        var shown = _current;
        var isUrgent = shown.Role != core.Role || shown.Leader != core.Leader || shown.IsReady != _replica.Consensus.IsReady;
        if (shown.Fault is not null || (!isUrgent && (!_isStale || now < _nextAt)))
            return;

        // The disk's thread may report a fault at this moment: it must not be covered up.
        Interlocked.CompareExchange(ref _current, Make(now), shown);
        (_isStale, _nextAt) = (false, now + Interval);
    }

    /// <summary>How long the thread may sleep: not past the time to publish what changed.</summary>
    public TimeSpan Idle(TimeSpan idle) => _isStale && idle > Interval ? Interval : idle;

    /// <summary>The replica stopped for this reason, which stays. From any thread.</summary>
    public void Fail(string sentence) =>
        _current = _current with { Fault = sentence, Role = Role.Follower, Leader = NodeId.None, IsReady = false };

    private RaftStatus Make(Instant now)
    {
        RaftCore core = _replica.Consensus.Core;
        var (applied, hash) = _replica.Consensus.Applied;
        return new()
        {
            Id = _id,
            Role = core.Role,
            Term = core.Term,
            Leader = core.Leader,
            IsReady = _replica.Consensus.IsReady,
            Last = core.Log.Last,
            Commit = core.Commit,
            Applied = applied.Index,
            StateHash = hash,
            Snapshot = core.Snapshot.Index,
            Members = _members.At(now),
            MembersIndex = core.Membership.Index,
            IsJoint = core.Membership.Current.IsJoint,
            TransferTarget = core.TransferTarget,
            IsStorageFull = _replica.Consensus.IsStorageFull,
            Incarnation = _replica.Incarnation,
            Syncs = _replica.Disk.Syncs,
            Fault = null,
        };
    }
}
