namespace RaftStream.Raft.Core;

/// <summary>
/// How fresh this node's log is known to be, without synchronized clocks: at the instant <see cref="At"/> of its own clock, everything
/// committed anywhere stood at or below <see cref="Index"/>.
/// </summary>
/// <remarks>
/// How it comes to be known: this node stamps an acknowledgement with its clock, f, and with the number of this life of its process. The leader,
/// with an entry of its own term committed, notes (f, commit index) when that arrives, and tells it back once a quorum answered a round that began
/// later.
/// [safety] It was the leader after f, then, and its commit index covered all that was committed at f. An echo of another life, or of an instant
/// that is yet to come, is of another clock and is dropped.
/// </remarks>
internal sealed class Freshness(ulong life)
{
    private bool _isKnown;

    /// <summary>When it was so.</summary>
    public Instant At { get; private set; }

    /// <summary>What was committed then.</summary>
    public LogIndex Index { get; private set; }

    /// <summary>The number of this life of the process.</summary>
    public ulong Life => life;

    /// <summary>An append of the current leader brought an echo, or none.</summary>
    public void Hear(in Message append, Instant now)
    {
        if (append.Life != life || append.Clock > now || append.Clock == default || (_isKnown && append.Clock <= At))
            return;
        (_isKnown, At, Index) = (true, append.Clock, append.Echo);
    }

    /// <summary>How old what is known may be; null while nothing is.</summary>
    public TimeSpan? Age(Instant now, CoreOptions options) => _isKnown ? Lease.Age(At, now, options) : null;

    public void CopyTo(Freshness other) => (other._isKnown, other.At, other.Index) = (_isKnown, At, Index);
}
